"""What a server and a run have in common: the same options, read in the same way."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from contract_tests.shared import processes
from mockserver.cli import run as run_command
from mockserver.cli import serve
from mockserver.cli.arguments import OF_RUN_ALONE, OF_SERVE_ALONE

from .runs import program, run


def options_of(add_arguments: object) -> dict[str, argparse.Action]:
    """The long options of a command, by their names."""
    parser = argparse.ArgumentParser(add_help=False)
    assert callable(add_arguments)
    add_arguments(parser)
    return {action.option_strings[-1]: action for action in parser._actions}


def test_each_option_is_of_both_or_there_is_a_reason() -> None:
    of_serve, of_run = options_of(serve.add_arguments), options_of(run_command.add_arguments)
    assert of_serve.keys() - of_run.keys() == OF_SERVE_ALONE.keys()
    assert of_run.keys() - of_serve.keys() == OF_RUN_ALONE.keys()
    for name in of_serve.keys() & of_run.keys():
        one, other = of_serve[name], of_run[name]
        assert (one.metavar, one.choices, one.nargs) == (other.metavar, other.choices, other.nargs)


def test_a_run_takes_server_limits(tmp_path: Path) -> None:
    words = ["--server-limits", "max_spaces=1", "--trace", "trace.jsonl", "--no-check"]
    ended = run(*words, then=program("client", "connect", "space=other", "connect"), cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "max_spaces" in (tmp_path / "trace.jsonl").read_text()


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_limit_that_there_is_not_is_refused(command: str, tmp_path: Path) -> None:
    ended = processes.run(command, "--server-limits", "max_cats=1", "--", "true", cwd=tmp_path)
    assert ended.returncode == 2
    assert 'there is no limit "max_cats"; there are: ' in ended.stderr


def test_a_run_takes_credentials_and_its_program_has_them(tmp_path: Path) -> None:
    words = ["--credentials", "shop:right", "--trace", "trace.jsonl", "--no-check"]
    ended = run(*words, then=program("client", "connect"), cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    trace = (tmp_path / "trace.jsonl").read_text()
    assert '"space":"shop"' in trace
    assert "-32002" not in trace
    wrong = {"SW_TOKEN": "wrong"}
    run(*words, then=program("client", "connect"), cwd=tmp_path, environment=wrong)
    assert "-32002" in (tmp_path / "trace.jsonl").read_text()


ASK = """\
import os, sys, urllib.error, urllib.request
request = urllib.request.Request(os.environ["MOCK_SIGNALWIRE_HTTP"] + "/__mock__/spaces")
codes = []
for token in ("wrong", "right"):
    request.add_header("Authorization", f"Bearer {token}")
    try:
        codes.append(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        codes.append(error.code)
print(codes)
"""


def test_a_run_takes_a_control_token(tmp_path: Path) -> None:
    words = ["--control-token", "right", "--no-check"]
    ended = run(*words, then=[sys.executable, "-c", ASK], cwd=tmp_path)
    assert ended.stdout == "[401, 200]\n"


KNOCK = """\
import os, urllib.error, urllib.request
url = os.environ["MOCK_SIGNALWIRE_HTTP"] + "/nowhere"
try:
    urllib.request.urlopen(urllib.request.Request(url, headers={"Upgrade": "websocket"}))
except urllib.error.HTTPError as error:
    assert error.code == 404
"""


def test_a_run_logs_as_much_as_it_is_told(tmp_path: Path) -> None:
    # Once, because nobody connected; and once when it happened.
    for level, times in (("error", 1), ("warning", 2)):
        words = ["--log-level", level, "--no-check"]
        ended = run(*words, then=[sys.executable, "-c", KNOCK], cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr.count("mockserver: a WebSocket was refused with 404") == times

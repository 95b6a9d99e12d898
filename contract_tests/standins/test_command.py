"""``python -m mockserver stand-in``, with the arguments that the vendor's tests give."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.ports import reserved_port


def started(folder: Path, *arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """A stand-in in a process of its own, and where it is."""
    process = subprocess.Popen(
        [*processes.MODULE, "stand-in", "mock_signalwire", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[\d.]+:\d+", line)
    assert found is not None, line + process.communicate()[1]
    return process, found[0]


@pytest.mark.parametrize("by", ["argument", "variable", "both"])
def test_it_starts_as_the_vendors_tests_start_it_and_ends_by_a_signal(
    by: str, tmp_path: Path
) -> None:
    with reserved_port() as port:
        arguments = ["--host", "127.0.0.1", "--log-level", "error"]
        variable = str(port) if by == "variable" else "1"
        if by != "variable":
            arguments += ["--port", str(port)]
        environment = {} if by == "argument" else {"MOCK_SIGNALWIRE_PORT": variable}
        process, url = started(tmp_path, *arguments, **environment)
        try:
            assert url == f"http://127.0.0.1:{port}"
            with urllib.request.urlopen(f"{url}/__mock__/health", timeout=PATIENCE_S) as response:
                assert "specs_loaded" in json.load(response)
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, told) == (0, "")


@pytest.mark.parametrize(("strict", "status"), [("1", 400), ("0", 200)])
def test_strict_mode_comes_from_the_environment(strict: str, status: int, tmp_path: Path) -> None:
    process, url = started(tmp_path, "--port", "0", MOCK_SIGNALWIRE_STRICT=strict)
    try:
        request = urllib.request.Request(f"{url}/api/video/rooms?undeclared=1")
        request.add_header("Authorization", "Basic cDp0")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                found = response.status
        except urllib.error.HTTPError as error:
            found = error.code
            error.close()
        assert found == status
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_a_port_that_is_taken_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        port = str(bound.getsockname()[1])
        ended = processes.run("stand-in", "mock_signalwire", "--port", port, cwd=tmp_path)
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mock_signalwire", "--host", "0.0.0.0"), "listens on loopback alone"),
        (("mock_signal",), "mock_signalwire"),
        ((), "NAME"),
    ],
)
def test_faulty_arguments_are_a_failure(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    ended = processes.run("stand-in", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert told in ended.stderr


def test_a_variable_that_is_no_port_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(processes.BUFFERED, "MOCK_SIGNALWIRE_PORT", "http")
    ended = processes.run("stand-in", "mock_signalwire", cwd=tmp_path)
    assert ended.returncode == 2
    assert "MOCK_SIGNALWIRE_PORT" in ended.stderr

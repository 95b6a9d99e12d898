"""The Node helper with its runners: a server, a space per test, the contract at the end."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

import mockserver
from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver.server.environment import environment

from .conftest import HELPER, HERE, RunNode

MODULES = HERE / "node_modules"
RUNNERS = {
    "node-test": ["--test", "--test-reporter=tap", "recording.test.mjs"],
    "vitest": [str(MODULES / "vitest" / "vitest.mjs"), "run"],
    "jest": ["--experimental-vm-modules", str(MODULES / "jest" / "bin" / "jest.js"), "--no-cache"],
}
PASSED = {
    "node-test": r"^# pass 3$",
    "vitest": r"Tests.* 4 passed",
    "jest": r"^Tests: .* 3 passed",
}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("runner", RUNNERS)
def test_passes(runner: str, run_node: RunNode) -> None:
    ran = run_node(runner, *RUNNERS[runner])
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert re.search(PASSED[runner], said, re.MULTILINE), said


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_broken_contract_fails_the_run(runner: str, run_node: RunNode) -> None:
    ran = run_node(runner, *RUNNERS[runner], BREAK_THE_CONTRACT="1")
    said = ran.stdout + ran.stderr
    assert ran.returncode != 0, said
    assert "the contract is broken" in said
    assert "video.recording.stop" in said


def test_the_types(run_node: RunNode) -> None:
    options = "--strict --noEmit --target es2022 --module nodenext --types node --typeRoots"
    ran = run_node(
        ".",
        str(MODULES / "typescript" / "bin" / "tsc"),
        *options.split(),
        str(MODULES / "@types"),
        "types.ts",
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def evaluate(run_node: RunNode, program: str, **variables: str) -> str:
    """What a module prints that has the helper as ``mock``; it must succeed."""
    text = f'import * as helper from "signalwire-mockserver";\n{program}'
    ran = run_node(".", "--input-type=module", "--eval", text, **variables)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_environment_is_that_of_run(run_node: RunNode) -> None:
    url, http = "ws://127.0.0.1:1", "http://127.0.0.1:1"
    program = (
        f'const found = {{ url: "{url}", http: "{http}", project: "p", token: "t" }};\n'
        "console.log(JSON.stringify(helper.environment(found)));"
    )
    assert json.loads(evaluate(run_node, program)) == environment(url, http, "p", "t")


def test_version_and_files_are_those_of_the_package() -> None:
    told = json.loads((HELPER / "package.json").read_text())
    assert told["version"] == mockserver.__version__
    assert "dependencies" not in told
    for each in told["exports"].values():
        for path in each.values() if isinstance(each, dict) else [each]:
            assert (HELPER / path).is_file()


def test_by_tls(run_node: RunNode) -> None:
    program = """
    const mock = await helper.startMock({ tls: true });
    const space = await mock.space();
    console.log(mock.url, space.url, mock.environment.NODE_EXTRA_CA_CERTS === mock.caFile);
    await mock.stop();
    """
    url, space_url, says_ca = evaluate(run_node, program).split()
    assert url.startswith("wss://127.0.0.1:")
    assert space_url.startswith(f"{url}/space/node-")
    assert says_ca == "true"


def test_it_waits_while_a_restart_keeps_the_port_closed(run_node: RunNode) -> None:
    program = """
    const mock = await helper.startMock();
    const space = await mock.space();
    await space.fault("restart", { closed_for: "500ms" });
    console.log((await space.rooms()).length);
    await space.end();
    await mock.stop();
    """
    assert evaluate(run_node, program) == "0\n"


def test_faults_are_injected_and_ended(run_node: RunNode) -> None:
    program = """
    const mock = await helper.startMock();
    const space = await mock.space();
    const late = await space.fault("delay", { times: 1, by: "1s" });
    console.log((await space.fault("drop")).name, late.number);
    await space.endFaults();
    console.log((await space.fault("drop")).number);
    await mock.stop();
    """
    assert evaluate(run_node, program) == "drop 1\n3\n"


def test_it_does_not_wait_for_a_server_that_has_ended(run_node: RunNode) -> None:
    program = """
    const mock = await helper.startMock();
    await mock.stop();
    await mock.health().catch((error) => console.log(error.message, error.cause.code));
    """
    said = evaluate(run_node, program)
    assert re.fullmatch(r"no mock runs at http://127\.0\.0\.1:\d+ any more ECONNREFUSED\n", said)


def test_a_server_that_is_not_stopped_ends_with_the_tests(run_node: RunNode) -> None:
    pid = int(evaluate(run_node, "console.log((await helper.startMock()).pid);"))
    deadline = time.monotonic() + PATIENCE_S
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_mock_of_run(run_node: RunNode, tmp_path: Path) -> None:
    with processes.server(folder=tmp_path) as server:
        program = "console.log((await (await helper.currentMock()).health()).status);"
        variables = {"MOCK_SIGNALWIRE_URL": server.url, "MOCK_SIGNALWIRE_HTTP": server.http}
        assert evaluate(run_node, program, **variables) == "ok\n"


@pytest.mark.parametrize(
    ("program", "variables", "words"),
    [
        ("helper.startMock({ scenario: 'nothing' })", {}, ["exit code 2", "unknown scenario"]),
        ("helper.startMock({ python: '/not/there' })", {}, ["there is no /not/there", "3.11"]),
        (
            "helper.startMock({ python: process.env.PYTHON_WITHOUT })",
            {},
            ["No module named mockserver", "pip install signalwire-mockserver"],
        ),
        ("helper.currentMock()", {}, ["no mock runs", "globalSetup", "mockserver run"]),
    ],
)
def test_what_goes_wrong_is_told(
    program: str, variables: dict[str, str], words: list[str], run_node: RunNode, tmp_path: Path
) -> None:
    without = tmp_path / "python"
    without.write_text('#!/bin/sh\necho "No module named mockserver" >&2\nexit 1\n')
    without.chmod(0o755)
    said = evaluate(
        run_node,
        f"await {program}.catch((error) => console.log(error.message));",
        PYTHON_WITHOUT=str(without),
        **variables,
    )
    assert [word for word in words if word not in said] == [], said

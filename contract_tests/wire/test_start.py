"""What a server does not do at its start: that is what makes it start fast, and stay small."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver.cli import serve

from .conftest import Connect

pytestmark = pytest.mark.only_the_mock("looks into the process")

LATE = {
    "argcomplete": "no shell has asked what comes next",
    "configargparse": "no option comes from the environment or from a file",
    "faker": "no name has been invented yet",
    "jsonschema": "there is nothing to explain yet",
    "jwt": "no client has shown a token of a room",
    "difflib": "nobody has misspelled anything",
    "rich": "only the demo prints in colours",
    "yaml": "the scenario was read when the package was built",
    "mockserver.contract": "nobody has asked for a verdict",
    "mockserver.control.control": "nobody controls a space yet",
    "mockserver.fidelity": "nobody has asked for the assumptions",
    "mockserver.harness": "this is no test's own server",
    "mockserver.page": "nobody has a browser open",
    "mockserver.rest": "nobody has asked by REST",
    "mockserver.scenarios.loader": "the scenario was read when the package was built",
    "mockserver.server.http.dispatch": "nobody has used the control API",
    "mockserver.server.http.table": "nobody has used the control API",
}
"""Modules that a server does not import before its first answer, and why it need not."""


async def test_a_server_answers_its_first_client_without_what_it_may_never_need(
    tmp_path: Path, dial: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with processes.server(folder=tmp_path) as server:
        await dial(server.url)
        told = server.log.read_text()
    imported = set(re.findall(r"^import time: .*\| +(\S+)$", told, re.MULTILINE))
    assert imported >= {"aiohttp.web", "jsonschema_rs", "mockserver.server.app"}
    assert {name: why for name, why in LATE.items() if name in imported} == {}


def test_certificates_are_left_out_only_while_aiohttp_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program that the server starts, or an HTTPS client made later, finds them as ever."""
    monkeypatch.setenv("SSL_CERT_FILE", "/a/file")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with serve.without_certificates():
        assert ssl.create_default_context().cert_store_stats()["x509"] == 0
    assert os.environ["SSL_CERT_FILE"] == "/a/file"
    assert "SSL_CERT_DIR" not in os.environ


def test_what_a_start_made_is_frozen_and_the_rest_is_looked_through() -> None:
    program = (
        "import gc, os, signal\n"
        "from mockserver.cli import main\n"
        "from mockserver.server import run\n"
        "def started(path, server):\n"
        "    print('collecting', gc.isenabled(), 'frozen', gc.get_freeze_count() > 10_000)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "run._write_ready_file = started\n"
        "raise SystemExit(main(['--port', '0', '--ready-file', 'none']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert ran.stdout.splitlines()[-1] == "collecting True frozen True"

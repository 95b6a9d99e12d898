"""``python -m mockserver health`` says whether a server is well, by its exit code too."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contract_tests.shared import processes

pytestmark = pytest.mark.only_the_mock("has a command line")


class Answerer(BaseHTTPRequestHandler):
    """Answers every request with the body of its server."""

    def do_GET(self) -> None:
        body = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def answerer() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Answerer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_server_that_is_well(tmp_path: Path) -> None:
    with processes.server(folder=tmp_path) as server:
        done = processes.run("health", server.http, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "ok, 0 spaces\n")


def test_a_token_that_is_asked_for(tmp_path: Path) -> None:
    with processes.server("--control-token", "secret", folder=tmp_path) as server:
        without = processes.run("health", server.http, cwd=tmp_path)
        with_it = processes.run("health", server.http, "--control-token", "secret", cwd=tmp_path)
    assert without.returncode == 2
    assert "answers 401 Unauthorized; give its --control-token" in without.stderr
    assert with_it.returncode == 0


@pytest.mark.parametrize("more", [(), ("--tls",)], ids=["plain", "tls"])
def test_all_is_in_the_ready_file(more: tuple[str, ...], tmp_path: Path) -> None:
    """The address, the token that the server made up, and whom to trust."""
    if more:
        pytest.importorskip("trustme", reason="the extra tls is not installed")
    with processes.server("--host", "0.0.0.0", *more, folder=tmp_path):
        done = processes.run("health", "--ready-file", "ready.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "ok, 0 spaces\n"), done.stderr


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_a_ready_file_that_is_none(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    if text is not None:
        file.write_text(text)
    done = processes.run("health", "--ready-file", str(file), cwd=tmp_path)
    assert done.returncode == 2
    assert f"cannot read {file}" in done.stderr or "is not the ready file" in done.stderr


def test_nobody_there(tmp_path: Path) -> None:
    with socket.socket() as bound:
        # Taken, but not listened on: nobody else can get it meanwhile.
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        done = processes.run("health", url, cwd=tmp_path)
    assert done.returncode == 2
    assert "no mock server answers at http://127.0.0.1:" in done.stderr
    assert "refused" in done.stderr


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b'{"status": "faulty", "spaces": [{}]}', 1, "faulty, 1 space\n"),
        (b'{"status": 200}', 2, "is not this mock server"),
        (b"<html>", 2, "no mock server answers"),
    ],
)
def test_what_else_may_answer(
    body: bytes, code: int, said: str, answerer: HTTPServer, tmp_path: Path
) -> None:
    answerer.body = body  # type: ignore[attr-defined]
    done = processes.run("health", f"http://127.0.0.1:{answerer.server_port}/", cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stdout + done.stderr

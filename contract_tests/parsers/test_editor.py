"""Editors help with scenarios: yaml-language-server, as editors run it, with our schema."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.scenarios import schema

ANSWERED_WITHIN_S = 60
TEXT = """\
# yaml-language-server: $schema=scenario.schema.json
scenario: mine
about: A room.
rooms:
  lobby: {members: 2}
script:
  - when: {subscribed: video.rooms}
    do: start_room
"""


class Editor:
    """Talks to a language server over its standard streams, as an editor does."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._out, self._in = process.stdin, process.stdout
        self._folder = folder
        self._asked = 0
        self.uri = ""
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self._send({"method": "initialized", "params": {}})

    def open(self, text: str) -> list[str]:
        """Open a scenario of this text; returns what the server finds wrong with it."""
        self.uri = (self._folder / "mine.yaml").as_uri()
        document = {"uri": self.uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                return [each["message"] for each in message["params"]["diagnostics"]]

    def at(self, method: str, text: str, behind: str) -> Any:
        """Ask about the place directly behind the first ``behind`` in the text."""
        before = text[: text.index(behind) + len(behind)].split("\n")
        position = {"line": len(before) - 1, "character": len(before[-1])}
        return self.ask(method, {"textDocument": {"uri": self.uri}, "position": position})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request; what the server asks meanwhile is answered with nothing."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._asked and "method" not in message:
                return message["result"]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._out.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while line := self._in.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._in.read(length))
        if "method" in message and "id" in message:
            wanted = message["params"].get("items") if message["params"] else None
            result = [None] * len(wanted) if wanted else None
            self._send({"id": message["id"], "result": result})
        return message


@pytest.fixture
def editor(npm_package: Callable[[str], Path], tmp_path: Path) -> Iterator[Editor]:
    server = npm_package("yaml-language-server") / "bin" / "yaml-language-server"
    (tmp_path / "scenario.schema.json").write_text(json.dumps(schema.whole()), "utf-8")
    process = subprocess.Popen(
        ["node", str(server), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    # A server that does not answer must not hold up the tests for ever.
    timer = threading.Timer(ANSWERED_WITHIN_S, process.kill)
    timer.start()
    with process:
        yield Editor(process, tmp_path)
        timer.cancel()
        process.kill()


def test_a_scenario_is_without_errors(editor: Editor) -> None:
    assert editor.open(TEXT) == []


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("script:", "scirpt:", "scirpt"),
        ("do: start_room", "do: {set_latency: fast}", "Incorrect type"),
        ("about: A room.\n", "", "about"),
    ],
)
def test_errors_are_shown(right: str, wrong: str, named: str, editor: Editor) -> None:
    found = editor.open(TEXT.replace(right, wrong))
    assert any(named in each for each in found), found


def test_keys_are_completed(editor: Editor) -> None:
    text = TEXT + "  - "
    editor.open(text)
    offered = editor.at("textDocument/completion", text, "do: start_room\n  - ")["items"]
    assert {"at", "when", "after", "do"} <= {each["label"] for each in offered}


def test_actions_are_completed(editor: Editor) -> None:
    text = TEXT.replace("do: start_room", "do: ")
    editor.open(text)
    offered = editor.at("textDocument/completion", text, "do: ")["items"]
    assert {"start_room", "end_room", "start_recording"} <= {each["label"] for each in offered}


def test_a_key_is_explained(editor: Editor) -> None:
    editor.open(TEXT)
    shown = editor.at("textDocument/hover", TEXT, "subscribe")["contents"]["value"]
    assert "A session subscribes to this channel for the first time" in shown

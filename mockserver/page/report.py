"""A conversation as one HTML file that needs no server: the page's own components, with data."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from mockserver import contract, schemas

from . import read

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This report needs JavaScript.</noscript>
<script type="application/json" id="report">"""

_TAIL = """</script>
<script type="module">{script}</script>
</body>
</html>
"""

_SHARED = ("envelopes/", "objects/")
"""Kinds of schemas that any frame may need."""


def report(
    name: str,
    entries: Iterable[Mapping[str, Any]],
    violations: Iterable[contract.Violation],
) -> str:
    """The file's text.

    Args:
        name: what the conversation is called.
        entries: the trace, as a journal gives it: ``n``, ``time``, ``session``, ``direction``,
            ``frame``, ….
        violations: what it breaks of the contract.
    """
    writer = Writer(name)
    return b"".join([writer.begin(), writer.part(entries), writer.end(violations)]).decode()


class Writer:
    """Writes a report in UTF-8, a piece at a time: `begin`, `part` by `part`, `end`.

    Args:
        name: what the conversation is called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._needed: set[str] = set()
        self._newline = b""
        self._script = read("page.js").decode()

    def begin(self) -> bytes:
        """What comes before the trace."""
        style = read("page.css").decode()
        head = _HEAD.format(
            title=html.escape(self._name),
            style=style,
            style_hash=_hash(style),
            script_hash=_hash(self._script),
        )
        return b'%s{"name":%s,"trace":"' % (head.encode(), _safe(self._name))

    def part(self, entries: Iterable[Mapping[str, Any]]) -> bytes:
        """The next entries of the trace, in the shape that `report` takes."""
        kept = list(entries)
        if not kept:
            return b""
        self._needed |= _described(kept)
        # All of the trace is one text, of JSON lines: without the quotes, parts of it add up.
        newline, self._newline = self._newline, b"\\n"
        return newline + _safe(b"\n".join(map(orjson.dumps, kept)).decode())[1:-1]

    def end(self, violations: Iterable[contract.Violation]) -> bytes:
        """What comes after the trace."""
        rules = [
            {"name": rule.name, "sentence": rule.sentence, "party": rule.party}
            for rule in contract.RULES
        ]
        data = b'","violations":%s,"rules":%s,"schemas":%s}' % (
            _safe([contract.described(each) for each in violations]),
            _safe(rules),
            _safe({each: schemas.load(each) for each in _needed(self._needed)}),
        )
        return data + _TAIL.format(script=self._script).encode()


def _safe(value: Any) -> bytes:
    """A value as JSON within a script; a frame may say anything, the script's end included."""
    return orjson.dumps(value).replace(b"<", b"\\u003c")


def entry_as_json(entry: contract.Entry) -> dict[str, Any]:
    """An entry of a trace that was read, as a journal would give it."""
    shown: dict[str, Any] = {
        "n": entry.n,
        "time": entry.time,
        "space": entry.space,
        "session": entry.session,
        "direction": entry.direction,
        "frame": entry.frame,
        "valid": entry.problem is None and entry.frame is not None,
    }
    if entry.text is not None:
        shown["text"] = entry.text
    if entry.problem is not None:
        shown["problem"] = entry.problem
    return shown


def _described(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names of the schemas that explain these frames, if there are such."""
    names: set[str] = set()
    for entry in entries:
        frame = entry.get("frame") or {}
        method, params = frame.get("method"), frame.get("params")
        if isinstance(method, str):
            names |= {f"calls/{method}", f"results/{method}"}
        if isinstance(params, dict) and isinstance(params.get("event_type"), str):
            names.add(f"events/{params['event_type']}")
    return names


def _needed(names: Collection[str]) -> list[str]:
    """Those of these schemas that there are, and those that any frame may need."""
    return [each for each in schemas.names() if each in names or each.startswith(_SHARED)]


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"

"""A conversation as one HTML file that needs no server: the page's own components, with data."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    return b"".join(pieces(name, [entries], violations)).decode()


def pieces(
    name: str,
    slices: Iterable[Iterable[Mapping[str, Any]]],
    violations: Iterable[contract.Violation],
) -> Iterator[bytes]:
    """The same in UTF-8, in pieces: one for each slice of the trace, between what all have.

    Args:
        name: as above.
        slices: the trace, some entries at a time.
        violations: as above.
    """
    style, script = read("page.css").decode(), read("page.js").decode()
    yield _HEAD.format(
        title=html.escape(name),
        style=style,
        style_hash=_hash(style),
        script_hash=_hash(script),
    ).encode()
    yield b'{"name":%s,"trace":"' % _safe(name)
    needed: set[str] = set()
    newline = b""
    for entries in slices:
        kept = list(entries)
        needed |= _described(kept)
        # All of the trace is one text, of JSON lines: without the quotes, parts of it add up.
        yield newline + _safe(b"\n".join(map(orjson.dumps, kept)).decode())[1:-1]
        newline = b"\\n"
    yield b'","violations":%s,"rules":%s,"schemas":%s}' % (
        _safe([contract.described(each) for each in violations]),
        _safe(
            [
                {"name": rule.name, "sentence": rule.sentence, "party": rule.party}
                for rule in contract.RULES
            ]
        ),
        _safe({each: schemas.load(each) for each in _needed(needed)}),
    )
    yield _TAIL.format(script=script).encode()


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

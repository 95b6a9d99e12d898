"""A conversation as one HTML file that needs no server: the page's own components, with data."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
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
    kept = list(entries)
    data = orjson.dumps(
        {
            "name": name,
            "trace": b"\n".join(orjson.dumps(entry) for entry in kept).decode(),
            "violations": [contract.described(each) for each in violations],
            "rules": [
                {"name": rule.name, "sentence": rule.sentence, "party": rule.party}
                for rule in contract.RULES
            ],
            "schemas": {each: schemas.load(each) for each in _needed(kept)},
        }
    ).decode()
    style, script = read("page.css").decode(), read("page.js").decode()
    head = _HEAD.format(
        title=html.escape(name),
        style=style,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    # A frame may say anything, the end of a script included.
    return head + data.replace("<", "\\u003c") + _TAIL.format(script=script)


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


def _needed(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The schemas that explain these frames."""
    names: set[str] = set()
    for entry in entries:
        frame = entry.get("frame") or {}
        method, params = frame.get("method"), frame.get("params")
        if isinstance(method, str):
            names |= {f"calls/{method}", f"results/{method}"}
        if isinstance(params, dict) and isinstance(params.get("event_type"), str):
            names.add(f"events/{params['event_type']}")
    return [each for each in schemas.names() if each in names or each.startswith(_SHARED)]


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"

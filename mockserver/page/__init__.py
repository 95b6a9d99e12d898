"""The inspector page: what a browser is given, made of the files in ``assets/``.

The page is written as ES modules. A browser gets them joined into one script, so that it asks once,
and a report can carry the same script in a file that needs no server. There is nothing to build:
the modules are joined when somebody asks for them first. They keep to a few forms so that this is
a small matter: imports and exports of names, each ``export`` at the beginning of a line, no
default exports and no circles.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["FILES", "read", "script"]

_ASSETS = Path(__file__).parent / "assets"

FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "worker.js": "text/javascript",
}
"""What the page asks the server for, besides itself: name -> type."""

_SCRIPTS = {"page.js": "app.js", "worker.js": "worker.js"}
"""A joined script -> the module that it begins with."""

_IMPORT = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "\./([\w/]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.M)
_EXPORTS = re.compile(r"export\s*\{([^}]*)\};?\s*$")
_COMMENT = re.compile(r"^ *//[^\n]*\n|^/\*\*.*?\*/\n", re.M | re.S)


@cache
def read(name: str) -> bytes:
    """One of ``FILES``, or ``index.html``. Raises KeyError for any other name."""
    if name in _SCRIPTS:
        return script(_SCRIPTS[name]).encode()
    if name != "index.html" and name not in FILES:
        raise KeyError(name)
    return (_ASSETS / name).read_bytes()


def script(entry: str) -> str:
    """A module and all that it imports as one script, comments left out.

    Each module becomes a function that returns what it exports, in the order in which they are
    needed. The script has to be a module, too, which is where a browser runs code strictly.
    """
    joined: dict[str, str] = {}
    _join(entry, joined)
    return "".join(joined.values())


def _join(name: str, joined: dict[str, str]) -> None:
    text = (_ASSETS / name).read_text("utf-8")
    for _, wanted in _IMPORT.findall(text):
        if wanted not in joined:
            _join(wanted, joined)
    exported = dict.fromkeys(_EXPORT.findall(text))
    parts = list(exported)
    if (listed := _EXPORTS.search(text)) is not None:
        # A vendored module lists what it exports at its end: "a as b, c".
        for each in listed[1].split(","):
            inner, _, outer = each.strip().partition(" as ")
            parts.append(f"{outer or inner}: {inner}")
        text = _EXPORTS.sub("", text)
    else:
        text = _COMMENT.sub("", text)
    body = _IMPORT.sub(_as_constant, re.sub(r"^export ", "", text, flags=re.M))
    result = f"return {{ {', '.join(parts)} }};\n" if parts else ""
    joined[name] = f"const {_variable(name)} = (() => {{\n{body}{result}}})();\n"


def _as_constant(match: re.Match[str]) -> str:
    names = match[1].removeprefix("* as ").replace(" as ", ": ")
    return f"const {names} = {_variable(match[2])};\n"


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))

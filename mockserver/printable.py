"""What a client sent goes to terminals: nothing in it may move a cursor or change a colour."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["one_line", "printable"]

_CONTROL: Final = re.compile(
    # The control characters but for tabs and line feeds, and what reorders or breaks a line.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    # What nobody sees: two names that differ would look the same. Not what joins letters.
    "\xad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""The text with control characters as JSON escapes them (``\u001b``), so that JSON stays JSON.

    Lines stay lines. Lone surrogates are left to the stream, which cannot encode them anyway.
    """
    return _CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    """A character as JSON escapes it: those beyond 16 bits are two escapes."""
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def one_line(text: str) -> str:
    r"""The text with line feeds escaped, too (``\n``).

    For what a client sent and is quoted within a line: a line of its own could be a command to the
    CI that reads it, such as ``::error::``.
    """
    return text.replace("\n", "\\n")

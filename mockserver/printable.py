"""What a client sent goes to terminals: nothing in it may move a cursor or change a colour."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["printable"]

_CONTROL: Final = re.compile(
    # The control characters but for tabs and line feeds, and what reorders or breaks a line.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def printable(text: str) -> str:
    r"""The text with control characters as JSON escapes them (``\u001b``), so that JSON stays JSON.

    Lines stay lines. Lone surrogates are left to the stream, which cannot encode them anyway.
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

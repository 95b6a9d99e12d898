"""Tokens must not be repeated: not in a journal, not in an error that quotes what was wrong."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["MASK", "mask_text", "mask_value"]

MASK: Final = "***"

_SECRET_KEYS: Final = ("token", "jwt_token", "authorization_state")
_OBJECT_KEYS: Final = ("authentication", "params")
"""Keys under which an object belongs; anything else there may be a token in the wrong place."""

_TOKEN_IN_TEXT: Final = re.compile(
    r"""((?:jwt_)?token\\*["']?\s*[:=]\s*)"""
    r"""(?:'[^']*'?|"(?:[^"\\]|\\.)*"?|\\+"[^"]*"?|[^"',}\s]+)""",
    re.IGNORECASE,
)


def mask_text(text: str) -> str:
    """The text with what stands behind ``token:`` or the like replaced."""
    return _TOKEN_IN_TEXT.sub(rf"\1{MASK}", text)


def mask_value(value: Any) -> Any:
    """A JSON value with what is, or may be, a token replaced."""
    if isinstance(value, dict):
        return {
            key: MASK if _is_secret(key, inner) else mask_value(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [mask_value(each) for each in value]
    return mask_text(value) if isinstance(value, str) else value


def _is_secret(key: str, value: Any) -> bool:
    return key in _SECRET_KEYS or (key in _OBJECT_KEYS and not isinstance(value, dict))

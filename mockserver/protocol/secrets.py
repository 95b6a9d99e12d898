"""Tokens must not be repeated: not in a journal, not in an error that quotes what was wrong."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["MASK", "is_secret", "mask_text", "mask_value"]

MASK: Final = "***"

_WORDS: Final = r"(?:tokens?|jwt|secret|passw(?:or)?d|api[ _-]?key)"
"""How the name of what holds a secret ends: ``jwt_token``, ``jwtToken``, ``API_TOKEN``."""

_SECRET_KEY: Final = re.compile(f"{_WORDS}$", re.IGNORECASE)
_OBJECT_KEYS: Final = ("authentication", "params")
"""Keys under which an object belongs; anything else there may be a token in the wrong place."""

_TEXT_KEYS: Final = ("authorization", "authorization_state", "proxy-authorization")
"""Keys whose text is a secret, in any case; an object of this name holds others."""

_VALUE: Final = r"""(?:'[^']*'?|"(?:[^"\\]|\\.)*"?|\\+"[^"]*"?|[^"',}\s&]+)"""
_SECRETS_IN_TEXT: Final = (
    re.compile(rf"""({_WORDS}\\*["']?\s*[:=]\s*){_VALUE}""", re.IGNORECASE),
    # What stands in headers, and what is a token wherever it stands.
    re.compile(
        r"""(authorization\\*["']?\s*[:=]\s*\\*["']?(?:basic|bearer)?\s*)[^"',}\s\\]+""",
        re.IGNORECASE,
    ),
    re.compile(r"""(\bbearer\s+)[^"',}\s\\]+""", re.IGNORECASE),
    re.compile(r"()\beyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)?"),
)


def mask_text(text: str) -> str:
    """The text with what stands behind ``token:`` or the like replaced, and JSON Web Tokens."""
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def mask_value(value: Any) -> Any:
    """A JSON value with what is, or may be, a token replaced."""
    if isinstance(value, dict):
        return {
            key: MASK if is_secret(key, inner) else mask_value(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [mask_value(each) for each in value]
    return mask_text(value) if isinstance(value, str) else value


def is_secret(key: str, value: Any) -> bool:
    """Whether the value of a key is, or may be, a token."""
    if key in _OBJECT_KEYS or key.lower() in _TEXT_KEYS:
        return not isinstance(value, dict)
    return _SECRET_KEY.search(key) is not None

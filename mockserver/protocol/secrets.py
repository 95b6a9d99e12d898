"""Tokens must not be repeated: not in a journal, not in an error that quotes what was wrong."""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import islice
from typing import Any, Final

__all__ = [
    "AT_ONCE",
    "MASK",
    "is_secret",
    "looking_for_secrets",
    "mask_text",
    "mask_value",
    "masking",
    "may_hold_secrets",
]

MASK: Final = "***"

_WORDS: Final = (
    r"(?:tokens?|jwt|secret|passw(?:or)?d|passphrase|pwd|credentials?"
    r"|(?:api|access|private|signing)[ _-]?key)"
)
"""How the name of what holds a secret ends: ``jwt_token``, ``jwtToken``, ``API_TOKEN``."""

_SECRET_KEY: Final = re.compile(f"(?<!^page_){_WORDS}$", re.IGNORECASE)
"""What ``page_token`` holds is no secret: the links of every list have one."""

_OBJECT_KEYS: Final = ("authentication", "params")
"""Keys under which an object belongs; anything else there may be a token in the wrong place."""

_PROOF: Final = "authentication"
_SHOWN: Final = "project"
"""What is shown of an ``authentication``; all else in it is there to prove who somebody is."""

AT_ONCE: Final = 500
"""Keys or items that are masked in one step of `masking`."""

_TEXT_KEYS: Final = ("authorization", "authorization_state", "proxy-authorization")
"""Keys whose text is a secret, in any case; an object of this name holds others."""

_LETTER_ESCAPE: Final = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)
"""A character of ASCII as JSON may write it; so the name of a secret can be written, too."""

_VALUE: Final = r"""(?:'[^']*'?|"(?:[^"\\]|\\.)*"?|\\+"[^"]*"?|[^"',}\s&]+)"""
_SECRETS_IN_TEXT: Final = (
    re.compile(rf"""({_WORDS}\\*["']?\s*[:=]\s*){_VALUE}""", re.IGNORECASE),
    # What stands in headers, and what is a token wherever it stands.
    re.compile(
        # The header's value has several words: a scheme, and what belongs to it.
        r"""(authorization\\*["']?\s*[:=]\s*\\*["']?(?:basic|bearer)?\s*)[^"'}\r\n\\]+""",
        re.IGNORECASE,
    ),
    # <token>…</token>
    re.compile(rf"({_WORDS}>\s*)[^<\s]+", re.IGNORECASE),
    re.compile(r"""(\bbearer\s+)[^"',}\s\\]+""", re.IGNORECASE),
    re.compile(r"()\beyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)?"),
)

_LAST_LETTERS: Final = frozenset("sntdyelSNTDYEL\u017f\n")
"""With one of these each key ends that `is_secret` looks for; the long s is an s in any case."""

_MAY_HOLD: Final = (dict, list, str)
"""Values that may have a secret in them, whatever their key is."""

_SIGNS: Final = (
    *(b"token", b"jwt", b"secret", b"pass", b"pwd", b"credential", b"key"),
    *(b"auth", b"bearer", b"eyj"),
)
"""Of one of these, in any case, there is something in every JSON text that holds a secret."""

_LONGEST_SIGN: Final = max(map(len, _SIGNS))

_LOOKED_AT: Final = 131_072
"""Bytes of a text that are looked at in one step."""

_SIGNS_IN_TEXT: Final = tuple(sign.decode() for sign in _SIGNS)


def may_hold_secrets(data: bytes) -> bool:
    """Whether a JSON text has to be looked into for secrets: most need not be."""
    data = data.lower()
    # A key may be written with escapes.
    return b"\\u" in data or any(sign in data for sign in _SIGNS)


def looking_for_secrets(data: bytes) -> Generator[None, None, bool]:
    """The same in steps, for a long text."""
    for start in range(0, len(data), _LOOKED_AT):
        # A sign may lie across the border.
        if may_hold_secrets(data[start : start + _LOOKED_AT + _LONGEST_SIGN]):
            return True
        yield
    return False


def mask_text(text: str) -> str:
    """The text with what stands behind ``token:`` or the like replaced, and JSON Web Tokens."""
    if "\\u00" in text:
        text = _LETTER_ESCAPE.sub(_letter, text)
    # To look for words costs less than to look for patterns, and most texts have none of them.
    if text.isascii():
        lower = text.lower()
        if not any(sign in lower for sign in _SIGNS_IN_TEXT):
            return text
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def _letter(escape: re.Match[str]) -> str:
    """The letter that an escape stands for; what is none, such as a quote, stays escaped."""
    letter = chr(int(escape[1], 16))
    return letter if letter.isalnum() or letter == "_" else escape[0]


def mask_value(value: Any) -> Any:
    """A JSON value with what is, or may be, a token replaced."""
    if isinstance(value, dict):
        masked = dict(value)
        for key, inner in value.items():
            # There may be thousands of keys, and to look at the last letter costs little.
            if key[-1:] in _LAST_LETTERS:
                if is_secret(key, inner):
                    masked[key] = MASK
                    continue
                if key == _PROOF:
                    masked[key] = _mask_proof(inner)
                    continue
            if isinstance(inner, _MAY_HOLD):
                masked[key] = mask_value(inner)
        return masked
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and is_secret(value[0], value[1]):
            return [value[0], MASK]  # a header: its name and its value
        return [mask_value(each) for each in value]
    return mask_text(value) if isinstance(value, str) else value


def masking(value: Any) -> Generator[None, None, Any]:
    """The same as `mask_value`, in steps: there may be many thousands of keys, or of items."""
    # Two may be a header: its name and its value.
    if isinstance(value, list) and len(value) != 2:
        masked_items: list[Any] = []
        for each in value:
            masked_items.append((yield from masking(each)))
            if len(masked_items) % AT_ONCE == 0:
                yield
        return masked_items
    if not isinstance(value, dict) or _is_flat(value):
        return mask_value(value)
    masked = dict(value)
    items = iter(value.items())
    while some := dict(islice(items, AT_ONCE)):
        inner = {key: each for key, each in some.items() if _is_looked_into(key, each)}
        masked |= mask_value({key: each for key, each in some.items() if key not in inner})
        yield
        for key, each in inner.items():
            masked[key] = yield from masking(each)
    return masked


def _is_flat(value: dict[str, Any]) -> bool:
    """Whether an object is so small that it is masked at once."""
    return len(value) < 50 and not any(isinstance(each, dict | list) for each in value.values())


def _is_looked_into(key: str, value: Any) -> bool:
    """Whether a value is an object or a list in which each part is masked by itself."""
    return isinstance(value, dict | list) and key != _PROOF and not is_secret(key, value)


def _mask_proof(authentication: dict[str, Any]) -> dict[str, Any]:
    """An ``authentication`` with all replaced but the project, whatever its keys are called."""
    return {
        key: mask_text(value) if key == _SHOWN and isinstance(value, str) else MASK
        for key, value in authentication.items()
    }


def is_secret(key: str, value: Any) -> bool:
    """Whether the value of a key is, or may be, a token."""
    if key in _OBJECT_KEYS or key.lower() in _TEXT_KEYS:
        return not isinstance(value, dict)
    return _SECRET_KEY.search(key) is not None

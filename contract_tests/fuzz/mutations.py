"""Inputs that nobody should send: good ones, with something broken in them; many a second.

They come from a seed, so a failing one can be had again by its seed and number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson

FIXTURES = Path(__file__).parents[2] / "fixtures"

SHARE = float(os.environ.get("FUZZ_SHARE", "0.02"))
"""Which part of the full number of inputs is tried; the full number takes minutes."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    2**64 - 1,
    1e308,
    -0.0,
    "",
    " ",
    "0",
    "*",
    "all",
    "null",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\U0001f600",
    "x" * 3_000,
    "http://[",
    "../../etc/passwd",
    [],
    {},
    [[]],
    [None] * 40,
    {"": {}},
    {"a": {"b": {"c": [1, {"d": None}]}}},
)
PIECES = (
    b"",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"NaN",
    b"Infinity",
    b"-",
    b"1e999",
    b"9" * 40,
    b"[" * 300,
    b'{"a":' * 300,
    b" " * 500,
    b"\r\n",
)


def scaled(full: int) -> int:
    """How many inputs are tried of the full number."""
    return max(100, round(full * SHARE))


def frames(direction: str | None = None) -> list[bytes]:
    """The frames of the shipped traces, each once."""
    found: dict[bytes, None] = {}
    for path in sorted((FIXTURES / "traces").glob("good-*.jsonl")):
        for line in path.read_bytes().splitlines():
            entry = orjson.loads(line)
            if direction in (None, entry["direction"]):
                found[orjson.dumps(entry["frame"])] = None
    return list(found)


class Mutator:
    """Makes broken texts of good ones.

    Args:
        seed: decides all that it makes.
        samples: good texts.
    """

    def __init__(self, seed: int, samples: list[bytes]) -> None:
        self._random = Random(seed)
        self._samples = samples

    def take(self, count: int) -> Iterator[bytes]:
        """So many broken texts."""
        for _ in range(count):
            yield self.one()

    def one(self) -> bytes:
        """One broken text."""
        random = self._random
        text = random.choice(self._samples)
        if random.random() < 0.5:
            text = self._with_another_value(text)
        if random.random() < 0.5:
            for _ in range(random.choice((1, 1, 1, 2, 4))):
                text = self._with_another_piece(text)
        return text

    def _with_another_value(self, text: bytes) -> bytes:
        """The same JSON, but one place in it has another value, or none, or one more beside it."""
        random = self._random
        try:
            whole = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        place = whole
        while isinstance(place, dict | list) and place:
            key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or random.random() < 0.3:
                what = random.random()
                if what < 0.7:
                    place[key] = random.choice(VALUES)
                elif what < 0.85 or isinstance(place, list):
                    del place[key]
                else:
                    place[random.choice(("id", "x", "", "params", "method"))] = inner
                break
            place = inner
        try:
            return orjson.dumps(whole)
        except TypeError:
            # Beyond what it writes, though it may be written: as somebody else would.
            return text.replace(b":", b":18446744073709551616", 1)

    def _with_another_piece(self, text: bytes) -> bytes:
        """The same text, but a piece of it is replaced, doubled, or cut off."""
        random = self._random
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 0, 1, 1, 2, 8, 64)))
        what = random.random()
        if what < 0.5:
            return text[:start] + random.choice(PIECES) + text[end:]
        if what < 0.7:
            return text[:start] + bytes([random.randrange(256)]) + text[end:]
        if what < 0.85:
            return text[:end] + text[start:]
        other = random.choice(self._samples)
        return text[:start] + other[random.randrange(len(other) + 1) :]


def resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process has in use, as the system counts it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")

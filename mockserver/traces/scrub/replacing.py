"""Replaces what is not the protocol's own, each thing by the same everywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mockserver.contract import Entry
from mockserver.contract.trace import generation_name, space_name
from mockserver.protocol.secrets import mask_value

from .vocabulary import (
    CHANNELS,
    FREE,
    NAMES,
    PARTS,
    POSITIONS,
    family,
    fields,
    is_protocol,
    words,
)

EPOCH = 1_735_689_600
"""When a scrubbed trace begins, in unix seconds: the first moment of 2025."""

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_TOKEN = re.compile(rf"({_UUID}|(?<![0-9a-fA-F])[0-9a-fA-F]{{16,}}(?![0-9a-fA-F]))")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S*")
_ENDING = re.compile(r"\.(mp4|mp3|wav|webm|m3u8|jpg|jpeg|png|gif)(?:[?#]|$)", re.I)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"[+(]?\d[\d ()./-]{5,}\d")
_SESSION = re.compile(r"s\d+")
_TIME_FIELD = re.compile(r"(^|_)(at|time|timestamp|date)$")
_QUOTED = re.compile(r"""(["“”])([^"“”]+)(["“”])|(?<!\w)(['‘’])([^'‘’]+)(['‘’])(?!\w)""")  # noqa: RUF001
_IN_TEXT = re.compile(r"[^\W_][\w'.@+-]*")


class Scrubber:
    """Replaces the values of one trace.

    Args:
        start: when the trace begins, in unix seconds.

    Attributes:
        counts: how many different things of each kind were replaced.
    """

    def __init__(self, start: float) -> None:
        # Whole seconds, so that the fractions stay exact.
        self._shift = EPOCH - int(start)
        self._near = start
        self._replaced: dict[str, str] = {}
        self._numbers: dict[int | float, int] = {}
        self.counts: Counter[str] = Counter()

    def entry(self, entry: Entry) -> dict[str, Any]:
        """An entry as a line of a trace has it, scrubbed."""
        scrubbed: dict[str, Any] = {"n": entry.n, "time": self.time(entry.time)}
        if entry.space is not None:
            scrubbed["space"] = self._space(entry.space)
        scrubbed["session"] = entry.session and self._session(entry.session)
        scrubbed["direction"] = entry.direction
        scrubbed["frame"] = entry.frame and self.value("", mask_value(entry.frame))
        if entry.text is not None:
            scrubbed["text"] = f"(text of {len(entry.text)} characters)"
        if entry.problem is not None:
            scrubbed["problem"] = "(as the keeper of the trace found)"
        if entry.fault is not None:
            scrubbed["fault"] = entry.fault
        return scrubbed

    def time(self, seconds: float) -> float:
        """A time, moved to where the scrubbed trace is."""
        return round(seconds + self._shift, 6)

    def value(self, key: str, value: Any, *, free: bool = False) -> Any:
        """A JSON value.

        Args:
            key: the field that it is the value of, or that holds the list in which it is.
            value: what to scrub.
            free: whether it is somebody's own data, of which nothing is the protocol's.
        """
        if isinstance(value, Mapping):
            if key == POSITIONS:
                return {
                    self._key(name, True): self.value("position", each)
                    for name, each in value.items()
                }
            inner = free or key in FREE
            return {
                self._key(name, inner): self.value(name, each, free=inner)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.value(key, each, free=free) for each in value]
        if isinstance(value, str):
            return self.text(key, value, free=free)
        if isinstance(value, bool) or value is None:
            return value
        return self._number(key, value, free)

    def text(self, key: str, text: str, *, free: bool = False) -> str:
        """A text."""
        if not free and is_protocol(key, text):
            return text
        if key == "message" and not free:
            return self._message(text)
        known = family(text) if key in NAMES and not free else ""
        return known + self._whole(key, text.removeprefix(known))

    def _key(self, name: str, free: bool) -> str:
        if free and not is_protocol("position", name):
            return self._whole("key", name)
        return self._pieces(name) if _TOKEN.search(name) else name

    def _space(self, name: str) -> str:
        project = space_name(name)
        generation = re.search(r"(\d+)\)$", name.removeprefix(project))
        scrubbed = self._whole("project", project) if project else ""
        return generation_name(scrubbed, int(generation[1]) if generation else 1)

    def _session(self, name: str) -> str:
        return name if _SESSION.fullmatch(name) else self._whole("session", name)

    def _whole(self, key: str, text: str) -> str:
        """A text of which nothing is kept but its kind; and of an id, its form."""
        if (known := self._replaced.get(text)) is not None:
            return known
        if url := _URL.match(text):
            ending = _ENDING.search(text)
            return self._new("URLs", text, f"{url[1]}://scrubbed.example/{{}}{ending_of(ending)}")
        if _DATE.fullmatch(text):
            return self._date(text)
        if channel := CHANNELS.fullmatch(text):
            return channel[1] + self._whole("id", channel[2])
        if _TOKEN.search(text):
            return self._pieces(text)
        if _NUMBER.fullmatch(text):
            return self._new("numbers", text, "+1555{:07}")
        if key == "id" or key.endswith("_id"):
            return self._new("ids", text, "id-{}")
        if key in ("name", "display_name"):
            return self._new("names", text, "name-{}")
        return self._new("texts", text, "text-{}")

    def _new(self, kind: str, text: str, form: str) -> str:
        self.counts[kind] += 1
        self._replaced[text] = replaced = form.format(self.counts[kind])
        return replaced

    def _pieces(self, text: str) -> str:
        """A text made of ids, such as a channel: each id and each strange word is replaced."""
        return "".join(
            self._token(piece) if place % 2 else _WORD.sub(self._part, piece)
            for place, piece in enumerate(_TOKEN.split(text))
        )

    def _token(self, token: str) -> str:
        if (known := self._replaced.get(token)) is not None:
            return known
        if "-" in token:
            return self._new("ids", token, "{:08x}-0000-4000-8000-000000000000")
        return self._new("ids", token, f"{{:08x}}{'0' * (len(token) - 8)}")

    def _part(self, match: re.Match[str]) -> str:
        word = match[0]
        return word if word in PARTS else self._whole("project", word)

    def _message(self, text: str) -> str:
        """The text of a refusal: what is replaced elsewhere is replaced in it, and every number."""

        def known(match: re.Match[str]) -> str:
            word = match[0].rstrip(".")
            replaced = self._replaced.get(word)
            if replaced is None or word in words() or word.lower() in _COMMON:
                return match[0]
            return replaced + match[0][len(word) :]

        def quoted(match: re.Match[str]) -> str:
            left, inner, right = (each for each in match.groups() if each is not None)
            return f"{left}{self.text('text', inner)}{right}"

        text = _QUOTED.sub(quoted, text)
        text = _URL.sub(lambda match: self._whole("url", match[0]), text)
        text = _TOKEN.sub(lambda match: self._token(match[0]), text)
        text = _NUMBER.sub(lambda match: self._whole("number", match[0]), text)
        for phrase in sorted((each for each in self._replaced if " " in each), key=len)[::-1]:
            text = text.replace(phrase, self._replaced[phrase])
        return _IN_TEXT.sub(known, text)

    def _date(self, text: str) -> str:
        moved = datetime.fromisoformat(text) + timedelta(seconds=self._shift)
        self.counts["times"] += 1
        written = moved.isoformat()
        return written.replace("+00:00", "Z") if text[-1] in "Zz" else written

    def _number(self, key: str, value: int | float, free: bool) -> int | float:
        if _TIME_FIELD.search(key):
            for unit in (1, 1_000):
                if abs(value / unit - self._near) < 10 * 366 * 86_400:
                    self.counts["times"] += 1
                    moved = value + self._shift * unit
                    return moved if isinstance(value, int) else round(moved, 6)
        if key in fields() and not free:
            return value
        if value not in self._numbers:
            self.counts["numbers"] += 1
            self._numbers[value] = len(self._numbers) + 1
        return self._numbers[value]


_COMMON = frozenset(
    ("a", "an", "the", "is", "are", "not", "no", "of", "to", "in", "on", "at", "it", "its", "this")
)
"""Words of messages that are somebody's name at most by chance."""


def ending_of(match: re.Match[str] | None) -> str:
    """The ending of a file's name: it says what is behind an address."""
    return f".{match[1].lower()}" if match else ""


def scrub(entries: Sequence[Entry]) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Scrub a whole trace; gives its lines, and how many things of each kind were replaced.

    It is read twice: a message of the beginning may have a name in it that comes at the end.
    """
    if not entries:
        return [], Counter()
    scrubber = Scrubber(entries[0].time)
    for _ in _scrubbed(scrubber, entries):
        pass
    counts = Counter(scrubber.counts)
    return list(_scrubbed(scrubber, entries)), counts


def _scrubbed(scrubber: Scrubber, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    return (scrubber.entry(entry) for entry in entries)

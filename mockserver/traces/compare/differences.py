"""What differs between what the trace tells and what the mock tells, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final, NamedTuple

from mockserver.contract.values import number, string

from .ids import Ids, is_id_field, paired

KINDS: Final = {
    "missing": "the server of the trace told it, and the mock does not",
    "extra": "the mock tells it, and the server of the trace did not",
    "order": "both tell it, in another order",
    "field": "only one of them has this field",
    "value": "both have this field, with other values",
}
"""Kind -> what it means."""

_TIMES = ("timestamp", "started_at", "ended_at")
_LENGTHS = ("duration",)
_MILLISECONDS = ("position", "seek_position")
_OPAQUE = ("identity", "protocol", "signature", "authorization_state", "uri", "preview_url")
"""What each server makes up by itself: only whether it is there counts."""

_SETS = ("updated", "events", "permissions", "layouts")
"""Lists whose order says nothing."""

_SHOWN = 60


class Absent:
    """Stands for a field that is not there, since null is a value."""

    def __str__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()


@dataclass(slots=True)
class Difference:
    """One thing in which the two differ.

    Attributes:
        kind: one of ``KINDS``.
        what: the answer or event: ``answer video.recording.pause``, ``event video.room.updated``.
        path: the field; "" where the whole differs. ``[*]`` stands for any entry of a list.
        there: what the server of the trace told; of times, seconds since the trace began.
        here: what the mock tells; likewise.
        frame: the number of the trace's entry at which it was seen first.
        count: how often it was seen.
        assumptions: the numbers of the assumptions that it touches.
    """

    kind: str
    what: str
    path: str
    there: Any
    here: Any
    frame: int
    count: int = 1
    assumptions: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """Kind, what and path as one text, by which it is found which assumptions it touches.

        Of codes of answers the two values stand behind it: each code has assumptions of its own.
        """
        codes = f" {self.there} {self.here}" if self.path == "code" else ""
        return f"{self.kind} {self.what} {self.path}{codes}".rstrip()

    def told(self) -> str:
        """What each of the two told; "" where only one of them told anything."""
        if self.kind in ("missing", "extra"):
            return ""
        there, here = _apart(self.there, self.here)
        return f"{_shown(there)} in the trace, {_shown(here)} here"

    def sentence(self) -> str:
        """The difference in words."""
        place = f"{self.what}{f', {self.path}' if self.path else ''}"
        return f"{place}: {self.told() or KINDS[self.kind]}"


class Moment(NamedTuple):
    """When each of the two traces began, in unix seconds of its server's clock."""

    there: float
    here: float


class Fields:
    """Compares what two answers or events tell, field by field.

    Args:
        ids: which id stands for which.
        began: when the two traces began.
        tolerance_s: by how many seconds times and lengths of time may differ.
    """

    def __init__(self, ids: Ids, began: Moment, tolerance_s: float) -> None:
        self._ids = ids
        self._began = began
        self._tolerance = tolerance_s

    def compare(self, there: Any, here: Any, path: str = "") -> Iterator[tuple[str, str, Any, Any]]:
        """Kind, path and both values of each difference."""
        field = path.rpartition(".")[2].removesuffix("[*]")
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            yield from self._objects(there, here, path)
        elif isinstance(there, list) and isinstance(here, list):
            yield from self._lists(there, here, path, field)
        elif not self._equal(there, here, field):
            yield "value", path, *self._shown(there, here, field)

    def _shown(self, there: Any, here: Any, field: str) -> tuple[Any, Any]:
        """Both values; of times, the seconds since their traces began; texts with equal ids."""
        if isinstance(there, str) and isinstance(here, str) and not is_id_field(field):
            return self._ids.in_text(there), here
        one, other = number(there), number(here)
        if field not in _TIMES or one is None or other is None:
            return there, here
        return round(one - self._began.there, 3), round(other - self._began.here, 3)

    def _objects(
        self, there: Mapping[str, Any], here: Mapping[str, Any], path: str
    ) -> Iterator[tuple[str, str, Any, Any]]:
        mine = dict(here)
        for name, value in there.items():
            place = f"{path}.{name}" if path else name
            here_name = name if name in mine else str(self._ids.here(name))
            if here_name in mine:
                yield from self.compare(value, mine.pop(here_name), place)
            else:
                yield "field", place, value, ABSENT
        for name, value in mine.items():
            yield "field", f"{path}.{name}" if path else name, ABSENT, value

    def _lists(
        self, there: list[Any], here: list[Any], path: str, field: str
    ) -> Iterator[tuple[str, str, Any, Any]]:
        if field in _SETS and all(isinstance(each, str) for each in (*there, *here)):
            if sorted(there) != sorted(here):
                yield "value", path, there, here
            return
        if len(there) != len(here):
            yield "value", path, _count(there), _count(here)
        for one, other in paired(there, here):
            yield from self.compare(one, other, f"{path}[*]")

    def _equal(self, there: Any, here: Any, field: str) -> bool:
        if field in _OPAQUE:
            return isinstance(here, type(there)) or there is None or here is None
        if is_id_field(field) and isinstance(there, str) and isinstance(here, str):
            return self._ids.agree(there, here)
        if isinstance(there, str) and isinstance(here, str):
            return here in (there, self._ids.in_text(there))
        one, other = number(there), number(here)
        if one is None or other is None or isinstance(there, bool) or isinstance(here, bool):
            return bool(there == here) and isinstance(there, bool) == isinstance(here, bool)
        if field in _TIMES:
            one, other = one - self._began.there, other - self._began.here
        if field in _MILLISECONDS:
            one, other = one / 1_000, other / 1_000
        is_time = field in (*_TIMES, *_LENGTHS, *_MILLISECONDS)
        return abs(one - other) <= (self._tolerance if is_time else 1e-9)


def _count(listed: list[Any]) -> str:
    names = [string(each.get("name")) for each in listed if isinstance(each, dict)]
    told = f" ({', '.join(str(each) for each in names)})" if names and all(names) else ""
    return f"{len(listed)} entries{told}"


def _apart(there: Any, here: Any) -> tuple[Any, Any]:
    """Two long texts from a little before the place where they begin to differ."""
    if not (isinstance(there, str) and isinstance(here, str)):
        return there, here
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(there, here, strict=False))
    same = sum(1 for _ in alike)
    if same < _SHOWN // 2 or max(len(there), len(here)) < _SHOWN:
        return there, here
    begin = same - _SHOWN // 6
    return f"…{there[begin:]}", f"…{here[begin:]}"


def _shown(value: Any) -> str:
    import orjson

    if isinstance(value, Absent):
        return str(value)
    if isinstance(value, str) and " entries" in value:
        return value
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

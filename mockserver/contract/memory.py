"""Memory that stays bounded however long a trace is, and however long its frames are.

What is alive in a trace (sessions, rooms, recordings, open calls) is known while it lives, up to
``MOST_ALIVE`` of a kind; what is forgotten is not judged. Of what is over, only the latest are
remembered: something that comes back after ``REMEMBERED`` others ended is taken for new.

A frame of more than ``LONGEST_FRAME`` bytes is judged whole, and is let go before the next one is
read. Then only its short fields are known, a fingerprint by which it can be compared with others,
and the line that shows it in proofs. To rules that look at it later all else is missing, such as
long lists and the objects in them. What rules took out of it while they judged it they keep: ids,
states, and the latest values of each room and member that is alive, as of ``lasting``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import orjson

from .trace import Entry, is_object

K = TypeVar("K")
V = TypeVar("V")

MOST_ALIVE = 4_000
"""How many things of a kind are known that have not ended."""

REMEMBERED = 4_000
"""How many are remembered of each kind of thing that is over."""

LONGEST_FRAME = 4_096
"""Bytes of a frame's JSON text up to which it is kept as it is."""

SURELY_LONG = 262_144
"""Bytes of an entry from which on it is taken for long, whatever stands around its frame."""

MOST_FIELDS = 64
"""How many fields are kept of an object in a longer frame."""

MOST_ITEMS = 200
"""Items up to which a list of plain values in a longer frame is kept: event types are fewer."""

LONGEST_TEXT = 1_000
"""Characters up to which a string in a longer frame is kept."""


class Recent(dict[K, V]):
    """A mapping that keeps the keys that were added last.

    Args:
        limit: how many it keeps; None for ``REMEMBERED``.

    Attributes:
        forgot: whether it has dropped any.
    """

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.forgot = False
        self._limit = REMEMBERED if limit is None else limit

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._limit:
            self.forgot = True
            del self[next(iter(self))]


class Lives(Generic[K, V]):
    """Things that are alive, and the latest of those that have ended.

    Some never end in a trace. When there are more than ``MOST_ALIVE``, the one is forgotten that
    was not looked up for longest.

    Attributes:
        forgot: whether any was forgotten that had not ended.
    """

    def __init__(self) -> None:
        self.forgot = False
        self._alive: dict[K, V] = {}
        self._ended: Recent[K, V] = Recent()

    def __setitem__(self, key: K, value: V) -> None:
        self._alive[key] = value
        if len(self._alive) > MOST_ALIVE:
            self.forgot = True
            del self._alive[next(iter(self._alive))]

    def get(self, key: K) -> V | None:
        """The thing of this key; None when it was never seen, or is forgotten."""
        value = self._alive.pop(key, None)
        if value is None:
            return self._ended.get(key)
        self._alive[key] = value
        return value

    def end(self, key: K) -> None:
        """It has ended: it is forgotten when enough others ended after it."""
        value = self._alive.pop(key, None)
        if value is not None:
            self._ended[key] = value


def is_long(entry: Entry) -> bool:
    """Whether an entry is so long that it must be let go once it was judged."""
    if entry.size is not None and not LONGEST_FRAME < entry.size < SURELY_LONG:
        return entry.size > LONGEST_FRAME
    text = _encoded((entry.frame, entry.meant, entry.text))
    return text is None or len(text) > LONGEST_FRAME


def let_go(entry: Entry, summary: str) -> None:
    """Keep of an entry only what is short, and a line about it.

    Args:
        entry: one that nobody knows who may expect all of its frame.
        summary: what it is, in a line.
    """
    kept = {
        "frame": None if entry.frame is None else shortened(entry.frame, shortened),
        "meant": None if entry.meant is None else shortened(entry.meant, shortened),
        "text": None if entry.text is None else entry.text[:LONGEST_TEXT],
        "summary": summary,
    }
    for name, value in kept.items():
        # Entries never change for their readers. This one is the judge's own.
        object.__setattr__(entry, name, value)


def shortened(
    whole: Mapping[str, Any], inner: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The short fields of an object: plain values, short strings, short lists of these.

    Args:
        whole: the object.
        inner: what makes objects in it short; None: these are missing.
    """
    short: dict[str, Any] = {}
    for name, value in whole.items():
        if len(short) == MOST_FIELDS:
            break
        if is_object(value):
            if inner is not None:
                short[name] = inner(value)
        elif _is_short(value):
            short[name] = value
    return short


def _is_short(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST_ITEMS and all(
            not isinstance(each, list) and not is_object(each) and _is_short(each) for each in value
        )
    return not isinstance(value, str) or len(value) <= LONGEST_TEXT


class Remnant(dict[str, Any]):
    """The short fields of an object that was let go. It equals the objects that are as that was.

    Args:
        whole: the object.
    """

    __slots__ = ("_fingerprint",)

    def __init__(self, whole: Mapping[str, Any]) -> None:
        super().__init__(shortened(whole))
        self._fingerprint = _fingerprint(whole)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Remnant):
            theirs = other._fingerprint
        elif is_object(other):
            theirs = _fingerprint(other)
        else:
            return False
        # Where it is not known what it was, nothing proves that it was something else.
        return self._fingerprint == theirs or None in (self._fingerprint, theirs)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return f"{{{super().__repr__()[1:-1]}, …}}" if self else "{…}"


def lasting(values: Mapping[str, Any], entry: Entry) -> Mapping[str, Any]:
    """Fields of something that is alive, as a rule may keep them beyond an entry that shows them.

    Objects from a long frame can only be compared any more, and lists are missing.
    """
    if not entry.is_long:
        return values
    return {
        name: Remnant(value) if is_object(value) and not isinstance(value, Remnant) else value
        for name, value in values.items()
        if not isinstance(value, list)
    }


_POINT_ZERO = re.compile(rb"\.0(?=[,\]}])")
"""What a whole number may have at its end: ``1.0`` is the same as ``1``."""

_EXPONENT = re.compile(rb"e\+?\d{1,3}[,\]}]")
"""What a very large number may have at its end: ``1e16``, which may be written as a whole one."""


def _fingerprint(whole: Mapping[str, Any]) -> bytes | None:
    """What is the same of two objects exactly if these are; None: it cannot be known."""
    text = _encoded(whole, orjson.OPT_SORT_KEYS)
    if text is None or _EXPONENT.search(text):
        return None
    return blake2b(_POINT_ZERO.sub(b"", text), digest_size=16).digest()


def _encoded(value: Any, option: int | None = None) -> bytes | None:
    """A value as JSON; None for one that JSON does not have, or that is nested very deeply."""
    try:
        return orjson.dumps(value, dict, option)
    except TypeError:
        return None

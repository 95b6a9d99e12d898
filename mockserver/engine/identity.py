"""Ids and names of a space, drawn from its seed: the same seed draws the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

from .clock import MICROSECONDS

T = TypeVar("T")


class Identities:
    """Everything random in a space.

    Args:
        seed: the server's seed.
        space: the space's name; part of the seed, so that two spaces never share an id.
    """

    def __init__(self, seed: int | str, space: str) -> None:
        self._key = f"{seed}/{space}"
        self._ids = Random(f"{self._key}/ids")
        self._names_drawn = 0

    def branch(self, name: str) -> Identities:
        """Another source of the same space: what it draws does not change what this one draws."""
        return Identities(self._key, name)

    def secret(self, purpose: str) -> bytes:
        """A key to sign with, of 64 bytes: the same for the same seed, space and purpose."""
        return hashlib.sha512(f"{self._key}/{purpose}".encode()).digest()

    def uuid(self) -> str:
        """A version 4 UUID in its usual spelling."""
        bits = self._ids.getrandbits(128)
        bits = (bits & ~(0xF << 76) | (0x4 << 76)) & ~(0x3 << 62) | (0x2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def signature(self, generation: int) -> str:
        """A session's signature: 32 hexadecimal digits, so it never holds an underscore.

        Args:
            generation: which space of its name it is for: a session of a former one, which drew the
                same, must not be taken for one of the latter.
        """
        return f"{(self._ids.getrandbits(128) + generation) % 2**128:032x}"

    def chance(self, probability: float) -> bool:
        """Whether something happens that is as likely as this, from 0 to 1."""
        return self._ids.random() < probability

    def one_of(self, things: Sequence[T]) -> T:
        """One of some things."""
        return self._ids.choice(things)

    def in_another_order(self, things: Sequence[T]) -> list[T]:
        """The same things in an order that is not theirs, if there are two or more."""
        order = list(range(len(things)))
        while len(order) > 1 and order == sorted(order):
            self._ids.shuffle(order)
        return [things[place] for place in order]

    def length_us(self) -> int:
        """How long something that is played is: one to ten minutes, in whole seconds."""
        return self._ids.randrange(60, 601) * MICROSECONDS

    def person_name(self) -> str:
        """The first name of a person in a room."""
        people, weights, _ = read_names()
        return self._next_name().choices(people, cum_weights=weights)[0]

    def room_name(self) -> str:
        """A name for a room, of lower-case words."""
        return "-".join(self._next_name().choices(read_names().words, k=2))

    def _next_name(self) -> Random:
        """What the next name is drawn with."""
        self._names_drawn += 1
        return Random(f"{self._key}/names/{self._names_drawn}")


class _Names(NamedTuple):
    """What names are drawn from: people with how frequent they are (added up), and words."""

    people: tuple[str, ...]
    weights: tuple[float, ...]
    words: tuple[str, ...]


@cache
def read_names() -> _Names:
    """The names that there are. The first time takes a while."""
    # Imported when a space first invents a name: many servers never do. Only Faker's lists are
    # needed; its generators are slower than drawing from them.
    from faker.providers.lorem.en_US import Provider as Lorem
    from faker.providers.person.en_US import Provider as Person

    people = Person.first_names
    return _Names(tuple(people), tuple(accumulate(people.values())), tuple(Lorem.word_list))

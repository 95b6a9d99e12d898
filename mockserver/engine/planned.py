"""Answers that a tester has planned: the next calls of a method, or requests, get them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Planned(Generic[T]):
    """An answer that is still to be given.

    Attributes:
        n: its number among all that were planned, from 1.
        name: the method, or the operation of REST.
        answer: what is answered.
        left: how many times more.
    """

    n: int
    name: str
    answer: T
    left: int


class PlannedAnswers(Generic[T]):
    """What is still to be answered.

    Attributes:
        waiting: the answers, in the order of planning.
    """

    def __init__(self) -> None:
        self.waiting: list[Planned[T]] = []
        self._count = 0

    def __iter__(self) -> Iterator[Planned[T]]:
        return iter(list(self.waiting))

    def plan(self, name: str, answer: T, times: int = 1) -> Planned[T]:
        """Have the next calls of ``name``, after those that are planned already, answered so."""
        self._count += 1
        planned = Planned(self._count, name, answer, times)
        self.waiting.append(planned)
        return planned

    def take(self, name: str) -> T | None:
        """The answer to the call of ``name`` that has come; None when none is planned."""
        for planned in self.waiting:
            if planned.name == name:
                planned.left -= 1
                if not planned.left:
                    self.waiting.remove(planned)
                return planned.answer
        return None

    def withdraw(self, n: int) -> bool:
        """Forget the answer of this number; False when it is not planned, or was given already."""
        before = len(self.waiting)
        self.waiting = [each for each in self.waiting if each.n != n]
        return len(self.waiting) < before

    def clear(self) -> None:
        """Forget all."""
        self.waiting.clear()

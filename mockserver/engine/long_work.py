"""Work on many things, which a space does in parts where it would hold up others for too long.

A call may mute ten thousand members. It is answered, and seen, as if all were muted at once. But
when the time that others can be held up is over, the rest is put first on the agenda. The space
does what is first on its agenda before it takes another frame, so nothing comes in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mockserver.protocol.errors import Refusal

if TYPE_CHECKING:
    from .space import Space

T = TypeVar("T")

Patience = Callable[[], Callable[[], bool]]
"""Begins a time for which others can be held up; what it returns says whether that is over."""


def without_end() -> Callable[[], bool]:
    """The patience of those whom nobody waits for: the time is never over."""
    return _never


def _never() -> bool:
    return False


class LongWork:
    """The long work of one space. Its patience is the space's.

    Attributes:
        may_pause: whether the call or action that is being done may leave a rest for later. It may
            if nothing that follows in it depends on that rest.
    """

    __slots__ = ("_space", "may_pause")

    def __init__(self, space: Space) -> None:
        self._space = space
        self.may_pause = False

    @contextmanager
    def pausing(self, may_pause: bool = True) -> Iterator[None]:
        """What is done within this may leave a rest for later, or may not."""
        self.may_pause = may_pause
        try:
            yield
        finally:
            self.may_pause = False

    def for_each(self, things: Iterable[T], do: Callable[[T], None]) -> None:
        """Do something to each of what may be many, as the last thing that a call does.

        It is done as if all were done now. But where the space may pause, what goes beyond patience
        is done next, before anything else happens in it.
        """
        patience = self._space.patience if self.may_pause else without_end
        self.may_pause = False
        self._do_some(iter(things), do, patience())

    def in_steps(self, steps: Iterator[None]) -> None:
        """Do what takes long in steps, as the last thing that a call does: as `for_each` does it.

        The first step is done in any case; what refuses the call belongs there.
        """
        self.for_each(steps, lambda _: None)

    def do_at_once(self) -> None:
        """What this call does to many is not the last that it does: do not pause in it."""
        self.may_pause = False

    def _do_some(
        self, rest: Iterator[T], do: Callable[[T], None], is_time_up: Callable[[], bool]
    ) -> None:
        for each in rest:
            do(each)
            if is_time_up():
                space = self._space
                space.agenda.add_first(space.now, partial(self._do_more, rest, do))
                return

    def _do_more(self, rest: Iterator[T], do: Callable[[T], None]) -> None:
        # What refuses the rest of it has nobody any more to whom it could say so.
        with suppress(Refusal):
            self._do_some(rest, do, self._space.patience())

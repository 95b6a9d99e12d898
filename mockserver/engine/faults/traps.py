"""What a fault sets up on a connection for the frames that follow: a trap sees each of them.

A frame that a trap holds is in the trace twice: when it should have come, as lost, and when it
comes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from functools import partial

from mockserver.engine.session import Connection
from mockserver.protocol.things import thing

from .hand import Hand


class Trap(ABC):
    """Sees the frames that follow on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @abstractmethod
    def see(self, hand: Hand, *, is_meant: bool) -> None:
        """Do what is to be done with a frame that follows; it is the trap's now.

        Args:
            hand: the frame, in the hand of the trap's own fault.
            is_meant: whether the fault is for this frame too.
        """


class Line(Trap):
    """Frames that wait in a line: none overtakes another."""

    def __init__(self, hand: Hand, delay_us: int) -> None:
        super().__init__(hand.frame.connection)
        self._delay_us = delay_us
        self._waiting: deque[tuple[int, Hand]] = deque()
        self._first = hand
        self._delay(hand)

    def see(self, hand: Hand, *, is_meant: bool) -> None:
        """Have the frame wait for its own time, or only for those before it."""
        hand.is_new = is_meant and hand.injection.can_strike
        if hand.is_new:
            self._delay(hand)
        else:
            hand.hold()
            self._waiting.append((self._waiting[-1][0], hand))

    def _delay(self, hand: Hand) -> None:
        hand.hold()
        self._waiting.append((hand.now + self._delay_us, hand))
        hand.later(self._delay_us, self._release)

    def _release(self) -> None:
        if not self._waiting:
            # Another frame that was due at the same time has released them all.
            return
        while self._waiting and self._waiting[0][0] <= self._first.now:
            _, hand = self._waiting.popleft()
            hand.release()
        if not self._waiting:
            self._first.unset(self)


class Held(Trap):
    """One frame that is kept back for a time, while others overtake it."""

    def __init__(self, hand: Hand, delay_us: int) -> None:
        super().__init__(hand.frame.connection)
        self._delay_us = delay_us
        self._held = hand
        hand.hold()
        hand.later(delay_us, self._release)

    def see(self, hand: Hand, *, is_meant: bool) -> None:
        """Let the frame pass, or hold it too."""
        hand.is_new = is_meant and hand.injection.can_strike
        if hand.is_new:
            hand.set(Held(hand, self._delay_us))
        else:
            hand.send_as_it_is()

    def _release(self) -> None:
        self._held.unset(self)
        self._held.release()


class Window(Trap):
    """Frames that are collected, and then sent in another order."""

    def __init__(self, hand: Hand, size: int, within_us: int) -> None:
        super().__init__(hand.frame.connection)
        self._size = size
        self._collected = [hand]
        hand.hold()
        hand.later(within_us, partial(self._release, too_late=True))

    def see(self, hand: Hand, *, is_meant: bool) -> None:
        """Collect the frame, or let it overtake those that are collected."""
        hand.is_new = False
        if not is_meant:
            hand.send_as_it_is()
            return
        hand.hold()
        self._collected.append(hand)
        if len(self._collected) == self._size:
            self._release()

    def _release(self, *, too_late: bool = False) -> None:
        collected, self._collected = self._collected, []
        if not collected:
            return
        collected[0].unset(self)
        for hand in collected[0].injection.identities.in_another_order(collected):
            hand.release()


class Swap(Trap):
    """An event that waits for the next event about the same thing, and comes after it."""

    def __init__(self, hand: Hand, within_us: int) -> None:
        super().__init__(hand.frame.connection)
        self._held: Hand | None = hand
        self._about = thing(hand.frame.event_type, hand.frame.params)
        hand.hold()
        hand.later(within_us, self._release)

    def see(self, hand: Hand, *, is_meant: bool) -> None:
        """Send the frame; if it is the next about the same thing, then the one that waits."""
        hand.is_new = False
        hand.send_as_it_is()
        if thing(hand.frame.event_type, hand.frame.params) == self._about:
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.unset(self)
            held.release()

"""A session is a client's conversation; a connection is one socket of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mockserver.protocol import codec, frames

if TYPE_CHECKING:
    from .faults import Strike
    from .grant import Grant
    from .journal import Mark
    from .space import Space

OUTBOX_LIMIT = 20_000
"""Frames that may wait for one connection before it is closed as too slow. [A]"""

OUTBOX_BYTES = 16 * 1_048_576
"""Bytes that may wait for one connection before it is closed as too slow. [A]"""

PENDING_LIMIT = 20_000
"""Events that may be pending for a session before it is ended. [A]"""

PENDING_BYTES = 128 * 1_048_576
"""Bytes of events that may be pending for a session before it is ended. [A]"""

AWAITING_LIMIT = 4_096
"""Frames of ours whose reply is awaited; clients of generation 3 never acknowledge events [W]."""

FEW_MARKED = 8
"""Marked frames that have left the outbox and that a connection may remember without need."""

REFILL_BYTES = 1_048_576
"""Bytes of pending events that wait in the outbox at a time while they are sent again."""


class Closing(NamedTuple):
    """How the shell should close a socket: a close code and reason, or abruptly, without a word."""

    code: int
    reason: str
    abrupt: bool = False


def _asleep() -> None:
    """Does nothing: there is no shell any more that could be woken."""


def _no_socket(strike: Strike) -> None:
    """Does nothing: a connection without a socket has nothing that a strike could break."""


def _not_now(data: bytes) -> bool:
    """Takes nothing: the frame waits in the outbox."""
    return False


class Connection:
    """One socket as the engine sees it. The shell empties the outbox and obeys ``closing``.

    Args:
        wake: called when there is something in the outbox or the connection is to be closed.
        space_name: the space that the URL's path named; None when the project id decides.
        most_bytes: bytes that may wait before the client counts as one that does not read.
        strike: has the shell do what a fault of sockets does to this socket.

    Attributes:
        grant: what its client's token says, if that was one of the space's own.
        is_held: whether a fault lets nothing pass: nobody waits for what its client answers.
        marked: the frames in the outbox that a fault was at work on, with what it did, by their
            ``id()``: equal frames can be there for different reasons.
        outbox: encoded frames that the network has not taken, in order; ``take`` empties it.
        outbox_bytes: how many bytes that are.
        pass_on: gives a frame to the network, if that takes it at once; returns whether it did. By
            default it takes nothing, and every frame waits in the outbox.
        refill: called when the outbox has been taken, while there is more to queue.
    """

    __slots__ = (
        "_forget_at",
        "closing",
        "grant",
        "is_held",
        "marked",
        "most_bytes",
        "outbox",
        "outbox_bytes",
        "pass_on",
        "refill",
        "session",
        "space_name",
        "strike",
        "wake",
    )

    def __init__(
        self,
        wake: Callable[[], None],
        space_name: str | None = None,
        most_bytes: int = OUTBOX_BYTES,
        strike: Callable[[Strike], None] = _no_socket,
    ) -> None:
        self.wake = wake
        self.space_name = space_name
        self.most_bytes = most_bytes
        self.grant: Grant | None = None
        self.is_held = False
        self.marked: dict[int, tuple[bytes, Mark]] = {}
        self._forget_at = FEW_MARKED
        self.outbox: list[bytes] = []
        self.outbox_bytes = 0
        self.pass_on: Callable[[bytes], bool] = _not_now
        self.refill: Callable[[], None] | None = None
        self.session: Session | None = None
        self.closing: Closing | None = None
        self.strike = strike

    @property
    def is_open(self) -> bool:
        """Whether anything sent now still has a chance to arrive."""
        return self.closing is None

    def send(self, data: bytes, mark: Mark | None = None) -> None:
        """Send one encoded frame, or queue it; a client that does not read is cut off."""
        outbox, pass_on = self.outbox, self.pass_on
        if self.closing is not None or (not outbox and self.refill is None and pass_on(data)):
            return
        if mark is not None:
            self._note_mark(data, mark)
        outbox.append(data)
        self.outbox_bytes += len(data)
        if self.outbox_bytes > self.most_bytes:
            self.close(1013, f"more than {self.most_bytes} bytes wait: the client does not read")
        elif len(outbox) > OUTBOX_LIMIT:
            self.close(1013, f"more than {OUTBOX_LIMIT} frames wait: the client does not read")
        else:
            self.wake()

    def queue(self, data: bytes, mark: Mark | None = None) -> None:
        """Queue one encoded frame for when the outbox is taken next.

        Args:
            data: the frame.
            mark: what a fault did to it; it is known for as long as the frame waits.
        """
        if mark is not None:
            self._note_mark(data, mark)
        self.outbox.append(data)
        self.outbox_bytes += len(data)

    def _note_mark(self, data: bytes, mark: Mark) -> None:
        # While there is a refill, some may have been taken and be put back.
        if self.refill is None and (not self.outbox or len(self.marked) >= self._forget_at):
            waiting = set(map(id, self.outbox))
            self.marked = {key: kept for key, kept in self.marked.items() if key in waiting}
            self._forget_at = FEW_MARKED + 2 * len(self.marked)
        self.marked[id(data)] = data, mark

    def take(self) -> list[bytes]:
        """All that waits, in order; it waits no more."""
        frames, self.outbox, self.outbox_bytes = self.outbox, [], 0
        if self.refill is not None:
            self.refill()
        return frames

    def mark_of(self, data: bytes) -> Mark | None:
        """What a fault did to a frame of the outbox; None: nothing."""
        found = self.marked.get(id(data))
        return found[1] if found is not None else None

    def put_back(self, frames: list[bytes]) -> None:
        """Have these wait again, before anything that has come since."""
        self.outbox[:0] = frames
        self.outbox_bytes += sum(map(len, frames))

    def part(self) -> None:
        """Let go of the shell, whose socket is gone: the two need not keep each other alive."""
        self.wake, self.strike, self.pass_on = _asleep, _no_socket, _not_now

    def close(self, code: int, reason: str, *, abrupt: bool = False) -> None:
        """Ask the shell to close the socket after what is queued; the first call wins."""
        if self.closing is None:
            self.closing = Closing(code, reason, abrupt)
            self.wake()


class Session:
    """An authenticated conversation; it outlives its connection until the space forgets it.

    Attributes:
        name: ``s1``, ``s2``, … in the order of connecting; what the journal calls it.
        protocol: the resumption name; ``signalwire_<signature>_<uuid>_<project>`` [T].
        subscriptions: channel -> the event types subscribed on it; the space's ``Subscriptions``
            keep it. They outlive a connection: after a reconnect the client does not repeat
            them [W].
        pending: id -> encoded events that have to come after a resume, in order. For a client that
            acknowledges events: all that it has not acknowledged. For others: those that were not
            handed to the network, because the session was away or its client did not read.
        pending_bytes: how many bytes that are.
        marks: id of a pending event -> what a fault did to it, where one did.
        backlog: ids of pending events that are being sent again, before anything new.
        withheld: ids of pending events that a fault keeps from the client.
        unanswered_pings: how many ``signalwire.ping`` it has been sent since it last answered one.
        acknowledges: whether it said that it acknowledges events, or did; clients of generation 3
            do not [W].
        permissions: what its token allows; None: what the space's does.
        grant: what its token says, if that was one of the space's own.
        awaiting: ids of our frames that the client has not answered yet -> the method called.
    """

    __slots__ = (
        "acknowledges",
        "awaiting",
        "backlog",
        "connection",
        "grant",
        "identity",
        "marks",
        "name",
        "pending",
        "pending_bytes",
        "permissions",
        "project",
        "protocol",
        "signature",
        "space",
        "subscriptions",
        "unanswered_pings",
        "withheld",
    )

    def __init__(
        self, space: Space, name: str, project: str, signature: str, unique: str, identity: str
    ) -> None:
        self.space = space
        self.name = name
        self.project = project
        self.signature = signature
        self.protocol = f"signalwire_{signature}_{unique}_{project}"
        self.identity = identity
        self.subscriptions: dict[str, set[str]] = {}
        self.connection: Connection | None = None
        self.pending: dict[str, bytes] = {}
        self.marks: dict[str, Mark] = {}
        self.pending_bytes = 0
        self.backlog: deque[str] | None = None
        self.withheld: set[str] = set()
        self.awaiting: dict[str, str] = {}
        self.unanswered_pings = 0
        self.acknowledges = False
        self.permissions: frozenset[str] | None = None
        self.grant: Grant | None = None

    @property
    def is_away(self) -> bool:
        """Whether the session has no connection that could carry a frame now."""
        return self.connection is None or not self.connection.is_open

    def expect_reply(self, frame_id: str, method: str) -> None:
        """Remember that the client owes an answer to the frame ``frame_id``."""
        awaiting = self.awaiting
        awaiting[frame_id] = method
        if len(awaiting) > AWAITING_LIMIT:
            del awaiting[next(iter(awaiting))]

    def keep(self, event_id: str, data: bytes, mark: Mark | None = None) -> None:
        """An event is pending from now on, with what a fault has made of it, if one has."""
        former = self.pending.get(event_id)
        self.pending_bytes += len(data) - (0 if former is None else len(former))
        self.pending[event_id] = data
        if mark is not None:
            self.marks[event_id] = mark
        else:
            self.marks.pop(event_id, None)

    def keep_unsent(self, connection: Connection) -> None:
        """Make pending what the client of a connection that is lost was not handed.

        The events of a client that acknowledges are pending already.
        """
        if self.acknowledges:
            return
        unsent: dict[str, tuple[bytes, Mark | None]] = {}
        rest = []
        for data in connection.take():
            mark = connection.mark_of(data)
            # A fault may have made no JSON of it.
            frame = codec.read(data if mark is None or mark.meant is None else mark.meant)
            if frame is None or not frames.is_event(frame):
                rest.append(data)
            elif mark is None or not mark.is_extra or frame["id"] not in unsent:
                unsent[frame["id"]] = data, mark
        connection.put_back(rest)
        later = {each: (data, self.marks.get(each)) for each, data in self.pending.items()}
        self.pending, self.marks, self.pending_bytes = {}, {}, 0
        for event_id, (data, mark) in (unsent | later).items():
            self.keep(event_id, data, mark)

    def settle(self, event_id: str) -> bool:
        """An event is not pending any more; returns whether it was."""
        data = self.pending.pop(event_id, None)
        if data is None:
            return False
        self.pending_bytes -= len(data)
        self.withheld.discard(event_id)
        self.marks.pop(event_id, None)
        return True

    def withhold(self, event_id: str) -> None:
        """An event does not reach the client for now: nobody waits for its acknowledgement."""
        if event_id in self.pending:
            self.withheld.add(event_id)

    @property
    def owes_acknowledgements(self) -> bool:
        """Whether its client, which acknowledges events, has not acknowledged all it was sent."""
        is_owed = self.acknowledges and len(self.pending) > len(self.withheld)
        connection = self.connection
        return is_owed and connection is not None and connection.is_open and not connection.is_held

    @property
    def has_too_much(self) -> bool:
        """Whether more is pending than can be kept."""
        return len(self.pending) > PENDING_LIMIT or self.pending_bytes > PENDING_BYTES

"""Simulated clients: what a program does with its connection, and what it expects to be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.engine import Session
from mockserver.protocol import frames

from .network import Flow, Socket

if TYPE_CHECKING:
    from .world import World

Frame = dict[str, Any]

ALL_ROOMS = "video.rooms"

STATE_EVENT = "video.room.subscribed"
"""It is sent to one session alone, upon its own call."""


@dataclass(frozen=True)
class Manner:
    """How a client behaves.

    Attributes:
        name: what the steps of a run call it.
        acknowledges: whether it says that it acknowledges events; older clients do not.
        replies_at_once: whether it answers the server's calls when it reads them, or later.
        lies: whether it sends what no good client sends.
    """

    name: str
    acknowledges: bool = True
    replies_at_once: bool = True
    lies: bool = False


WITNESS = Manner("witness")
"""Its connection never breaks and it listens to everything: it knows what happened."""

HONEST = (
    Manner("prompt"),
    Manner("second"),
    Manner("late", replies_at_once=False),
    Manner("silent", acknowledges=False, replies_at_once=False),
)
"""The other clients of each space."""

LYING = (*HONEST[:1], *HONEST[2:], Manner("liar", lies=True))
"""Those of a world in which one client of each space lies."""


class Client:
    """One client, over all its connections.

    Attributes:
        socket: its connection; None when it has none.
        protocol: the resumption name of its session.
        session: its session, as the engine has it; None before the first connect.
        was_alive: whether the server knew its session when the network last came to rest.
        followed: channel -> the event types that it has subscribed there.
        doubtful: channel -> the event types of which it does not know whether it has subscribed
            them, because the answer was lost with the connection: it passes over these events.
        expected: ids of the events that its session is meant to get, in order.
        received: ids of the events that its session got, in order, each once.
        heard: how many events it got, in all its sessions.
        may_miss: whether frames were lost that nobody promises to send again.
        is_faulted: whether a fault was injected into its session: what comes then may be wrong,
            but what it did not acknowledge still comes after a resume.
        answers: id of a call on this connection -> its answer; None while there is none.
    """

    def __init__(self, world: World, project: str, manner: Manner) -> None:
        self.world = world
        self.project = project
        self.manner = manner
        self.name = f"{project}/{manner.name}"
        self.socket: Socket | None = None
        self.protocol: str | None = None
        self.session: Session | None = None
        self.was_alive = False
        self.followed: dict[str, set[str]] = {}
        self.doubtful: dict[str, set[str]] = {}
        self.expected: list[str] = []
        self.received: list[str] = []
        self.heard = 0
        self.may_miss = False
        self.is_faulted = False
        self.answers: dict[str, Frame | None] = {}
        self._known: set[str] = set()
        self._owed: list[tuple[Socket, Frame]] = []
        self._calls = 0

    # The connection

    @property
    def is_alive(self) -> bool:
        """Whether the server knows its session."""
        session = self.session
        return session is not None and session.space.sessions.get(session.protocol) is session

    @property
    def is_connected(self) -> bool:
        """Whether it could make a call now and read the answer."""
        socket = self.socket
        return (
            socket is not None
            and socket.is_usable
            and socket.flow is Flow.FLOWING
            and not socket.is_still
            and socket.connection.session is not None
        )

    def connect(self, protocol: str | None) -> None:
        """Open a new connection and call ``signalwire.connect``; the former one is left behind."""
        self.abandon()
        self.socket = self.world.open()
        params: dict[str, Any] = {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "event_acks": self.manner.acknowledges,
            "agent": "simulation",
            "authentication": {"project": self.project, "token": "t"},
        }
        if protocol is not None:
            params["protocol"] = protocol
        answer = self.call("signalwire.connect", params)
        if answer is None:
            # It gives up, and will try again.
            self.lose()
        elif "result" in answer:
            self._note_session(answer["result"]["protocol"])

    def _note_session(self, protocol: str) -> None:
        # It may be over already, and so may the connection on which the answer came.
        self.session = self.world.space(self.project).sessions.get(protocol)
        if protocol != self.protocol:
            self.protocol = protocol
            self.followed, self.doubtful, self.expected, self.received = {}, {}, [], []
            self._known = set()
            self.may_miss = self.is_faulted = False

    def abandon(self) -> None:
        """Leave the connection; the server does not know that yet."""
        if self.socket is not None:
            self.note_lost(len(self.socket.in_flight))
            self.world.ghosts.append((self.socket, self))
        self.socket = None
        self.answers = {}
        self._owed.clear()

    def lose(self) -> None:
        """Lose the connection; client and server notice at once."""
        socket = self.socket
        self.abandon()
        if socket is not None:
            self.world.end(socket)

    def note_lost(self, count: int) -> None:
        """So many frames have left the server and will never be read."""
        if count and not self.manner.acknowledges:
            self.may_miss = True

    # What comes

    def read(self) -> None:
        """Read what the network brings, and answer it as is this client's manner."""
        socket = self.socket
        if socket is None:
            return
        for data in socket.read():
            try:
                frame = orjson.loads(data)
            except orjson.JSONDecodeError:
                # Only a fault makes such a frame; a client passes over it.
                self.check_is_faulted(data)
            else:
                self._take(socket, frame)
        if self.socket is socket and socket.is_over:
            self.lose()

    def _take(self, socket: Socket, frame: Frame) -> None:
        if "method" not in frame:
            if frame["id"] in self.answers:
                self.answers[frame["id"]] = frame
            return
        if frames.is_event(frame) and frame["params"].get("event_type") != STATE_EVENT:
            self._note_event(frame)
        if not self.manner.acknowledges and frames.is_event(frame):
            return
        if self.manner.replies_at_once:
            self._reply(socket, frame)
        else:
            self._owed.append((socket, frame))

    def _note_event(self, frame: Frame) -> None:
        if frame["id"] in self._known:
            return
        self._known.add(frame["id"])
        self.heard += 1
        if not self._is_doubtful(frame["params"]):
            self.received.append(frame["id"])
        if not self.is_faulted:
            self.world.check_is_own(self, frame)
        if self.manner is WITNESS:
            self.world.witnessed(self.project, frame)

    def _is_doubtful(self, event: Frame) -> bool:
        channel, kind = event.get("event_channel", ""), event.get("event_type")
        if channel.startswith(ALL_ROOMS):
            channel = ALL_ROOMS
        known = self.followed.get(channel, ())
        return kind in self.doubtful.get(channel, ()) and kind not in known

    @staticmethod
    def _reply(socket: Socket, frame: Frame) -> None:
        params = frame["params"]
        is_ping = frame["method"] == "signalwire.ping"
        result = {"timestamp": params["timestamp"]} if is_ping else {}
        socket.send(orjson.dumps(frames.answer(frame["id"], result)))

    @property
    def owes(self) -> bool:
        """Whether it has read calls of the server that it has not answered."""
        return bool(self._owed)

    def catch_up(self, count: int) -> int:
        """Answer the oldest of what waits for an answer of this client; returns how many."""
        now, self._owed = self._owed[:count], self._owed[count:]
        for socket, frame in now:
            self._reply(socket, frame)
        return len(now)

    # What it says

    def send(self, data: bytes) -> None:
        """Send any text."""
        if self.socket is not None:
            self.socket.send(data)

    def call(self, method: str, params: dict[str, Any]) -> Frame | None:
        """Make a call; returns its answer, or None if it does not come at once.

        What comes right after the answer may be the end of the connection.
        """
        self._calls += 1
        call_id = f"{self.name}/{self._calls}"
        answers = self.answers
        answers[call_id] = None
        self.send(orjson.dumps(frames.call(call_id, method, params)))
        self.read()
        return answers[call_id]

    def code(self, method: str, **params: Any) -> str | None:
        """Make a call; returns the code of its result, "error", or None if no answer came yet."""
        answer = self.call(method, params)
        if answer is None:
            return None
        if "result" not in answer:
            return "error"
        # Where a fault has taken it away it is as good as none.
        code = answer["result"].get("code", "200")
        return code if isinstance(code, str) else "error"

    def subscribe(self, channel: str, types: Iterable[str], *, state: bool = False) -> str | None:
        """Subscribe to events; from then on they are expected."""
        types = set(types)
        code = self.code(
            "signalwire.subscribe",
            event_channel=channel,
            events=sorted(types),
            get_initial_state=state,
        )
        if code in ("200", None):
            known = self.doubtful if code is None else self.followed
            known.setdefault(channel, set()).update(types)
        return code

    def unsubscribe(self, channel: str, types: Iterable[str]) -> str | None:
        """Unsubscribe from events; what is made from then on is not expected any more.

        The call has its effect even where a fault loses its answer, or holds it back. An answer
        that a fault may have changed does not say whether it had.
        """
        types = set(types)
        code = self.code("signalwire.unsubscribe", event_channel=channel, events=sorted(types))
        if code in ("200", None) or self.is_faulted:
            self.followed.get(channel, set()).difference_update(types)
        return code

    def expects(self, event_type: str, channels: Iterable[str]) -> bool:
        """Whether its session is meant to get an event of this type on one of these channels.

        Perhaps also if it was ended just now: the event may have been sent before that.
        """
        if not (self.was_alive or self.is_alive):
            return False
        return any(event_type in self.followed.get(channel, ()) for channel in channels)

    # What holds

    def check_is_faulted(self, data: bytes) -> None:
        """Something came that only a fault may make."""
        if not self.is_faulted:
            self.world.note_problem("frames-are-json", f"{self.name} got {data!r:.80}")

    def problem(self, *, at_rest: bool) -> str | None:
        """What is wrong with what it got; at rest nothing may be under way any more.

        Every client gets its events in order and none of them twice. One that acknowledges them
        misses none. Others miss only what was lost on the network. A fault may bring events in
        another order, but what a client did not acknowledge comes after a resume even so.
        """
        got, expected = self.received, self.expected
        if self.is_faulted:
            if at_rest and self.manner.acknowledges and not self.may_miss:
                missed = [each for each in expected if each not in self._known]
                return f"{self.name} never got {missed}, despite its resume" if missed else None
        elif self.may_miss:
            remaining = iter(expected)
            if not all(each in remaining for each in got):
                return f"{self.name} got events that it was not meant to get, or in another order"
        elif got != expected[: len(got)]:
            at = next(i for i, each in enumerate(got) if expected[i : i + 1] != [each])
            meant = expected[at] if at < len(expected) else "nothing more"
            return f"{self.name} got event {got[at]} where it was meant to get {meant}"
        elif at_rest and self.is_connected and len(got) != len(expected):
            return f"{self.name} never got event {expected[len(got)]}"
        return None

"""A world in memory: clients without sockets, around a gate, on a clock that only the test moves.

What the shell does for the engine (carry bytes, notice lost sockets, wake up in time) is done here,
so a conversation of hours takes milliseconds and is the same each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

import orjson

from mockserver import contract, schemas
from mockserver.engine import (
    DEFAULT_LATENCY_US,
    TABLES,
    AnswerPlan,
    Closing,
    Connection,
    Container,
    Gate,
    Keeper,
    ManualClock,
    RoomSession,
    Script,
    Session,
    Space,
    Video,
)
from mockserver.protocol import catalogue, frames
from mockserver.protocol.lifecycles import LIFECYCLES

from .documented import undocumented

Frame = dict[str, Any]
Event = tuple[str, dict[str, Any]]
P = ParamSpec("P")
T = TypeVar("T")

MS = 1_000
S = 1_000_000
HOUR = 3_600 * S

ROOM_EVENTS = tuple(sorted(catalogue.EVENTS - {"video.room.started", "video.room.subscribed"}))
"""All that happens in a room; how it stands is told only to who asks for that."""

RECORDING_EVENTS = (
    "video.recording.started",
    "video.recording.updated",
    "video.recording.ended",
)

START_PARAMS: dict[str, dict[str, Any]] = {
    **{
        kind: {
            name: value
            for name, value in schemas.load(f"calls/video.{kind}.start")["examples"][0].items()
            if name != "room_session_id"
        }
        for kind in LIFECYCLES
    },
    "recording": {},
    "playback": {"url": "https://example.com/tune.mp3"},
    "stream": {"url": "rtmp://example.com/live"},
}
"""Kind -> what a start of it takes."""

ENDINGS = [
    event
    for kind, table in LIFECYCLES.items()
    for event in (f"{kind}.ended", *(["room.updated"] if table.flag is not None else []))
]
"""What a room tells that ends while one of each kind runs, before its own end."""

VERB_PARAMS: dict[str, dict[str, Any]] = {
    "set_volume": {"volume": -7.5},
    "seek_absolute": {"position": 20_000},
    "seek_relative": {"position": 1_500},
}
"""Verb -> what it takes; others take nothing."""

SERVER_RULES = tuple(rule for rule in contract.RULES if rule.party != "client")


class TestScript(Script):
    """Answers calls as it is told to, and remembers what it hears.

    Attributes:
        plans: method -> how its next calls are answered, each plan once.
        immune: names of sessions whose calls no plan touches.
        happened: the event types made, with their rooms' ids, in order.
        subscribed: the first subscriptions: session name and room (None: all rooms).
    """

    __test__ = False

    name = "test"

    def __init__(self, *, spent: bool = False) -> None:
        self.plans: dict[str, list[AnswerPlan]] = {}
        self.immune: set[str] = set()
        self.happened: list[tuple[str, str]] = []
        self.subscribed: list[tuple[str, Container | None]] = []
        self.begun = 0
        self.spent = spent

    @property
    def is_spent(self) -> bool:
        return self.spent

    def begin(self, space: Space) -> None:
        self.begun += 1

    def plan(self, method: str, **how: Any) -> None:
        self.plans.setdefault(method, []).append(AnswerPlan(**how))

    def on_call(
        self, space: Space, session: Session | None, method: str, params: dict[str, Any]
    ) -> AnswerPlan | None:
        if session is not None and session.name in self.immune:
            return None
        waiting = self.plans.get(method)
        return waiting.pop(0) if waiting else None

    def on_subscribed(
        self, space: Space, session: Session, channel: str, container: Container | None
    ) -> None:
        self.subscribed.append((session.name, container))

    def on_event(self, space: Space, event_type: str, about: Container) -> None:
        self.happened.append((event_type, about.id))


class Client:
    """A client without a socket. It acknowledges events and answers the server's calls.

    Attributes:
        frames: all that it was ever sent, in order, over all its connections.
        closing: how the server closed the connection; None while it is open.
        protocol: the resumption name from the last connect that succeeded.
    """

    def __init__(
        self,
        world: World,
        number: int,
        project: str,
        token: str,
        space_name: str | None,
        *,
        replies: bool,
    ) -> None:
        self.world = world
        self.number = number
        self.project = project
        self.token = token
        self.space_name = space_name
        self.replies = replies
        self.frames: list[Frame] = []
        self.protocol: str | None = None
        self.closing: Closing | None = None
        self.wakes = 0
        self._calls = 0
        self._former: list[Connection] = []
        self.connection: Connection
        self.open()

    # The connection

    def is_closed(self) -> bool:
        """Whether the connection is gone, whoever ended it."""
        return self.closing is not None

    def open(self) -> None:
        """Open a new connection; nothing has been said on it yet.

        The one before is still read until the server closes it, unless it was lost.
        """
        if self._calls and not self.is_closed():
            self._former.append(self.connection)
        self.connection = Connection(self._wake, self.space_name)
        self.closing = None

    def _wake(self) -> None:
        self.wakes += 1

    @property
    def session(self) -> Session:
        assert self.connection.session is not None
        return self.connection.session

    def lose(self) -> None:
        """The connection is gone, as a shell sees it."""
        self.world.gate.detach(self.connection)
        self.connection.close(1000, "")
        self.connection.outbox.clear()
        self.closing = self.connection.closing

    def has_news(self) -> bool:
        """Whether there is something to read, or a connection's end to notice."""
        is_closing = self.connection.closing is not None and not self.is_closed()
        return (
            is_closing
            or bool(self.connection.outbox)
            or any(former.outbox or former.closing is not None for former in self._former)
        )

    def read(self) -> None:
        """Take what has come, reply to it, and see whether the connection was closed."""
        for connection in (*self._former, self.connection):
            self._read(connection)
        if self.connection.closing is not None and not self.is_closed():
            self.lose()
        for former in [each for each in self._former if each.closing is not None]:
            self._former.remove(former)
            self.world.gate.detach(former)

    def _read(self, connection: Connection) -> None:
        while connection.outbox:
            sent = connection.take()
            for data in sent:
                frame = orjson.loads(data)
                self.frames.append(frame)
                if self.replies and frames.is_call(frame):
                    self._reply(connection, frame)

    def _reply(self, connection: Connection, frame: Frame) -> None:
        is_ping = frame["method"] == "signalwire.ping"
        result = {"timestamp": frame["params"]["timestamp"]} if is_ping else {}
        self.world.gate.receive(connection, orjson.dumps(frames.answer(frame["id"], result)))

    # Calls

    def send(self, data: bytes | Frame) -> None:
        """Send a text message, and read what it brings at once."""
        text = data if isinstance(data, bytes) else orjson.dumps(data)
        self.world.gate.receive(self.connection, text)
        self.world.read()

    def call(self, method: str, **params: Any) -> str:
        """Make a call; returns its id."""
        self._calls += 1
        call_id = f"{self.project}/{self.number}/{self._calls}"
        self.send(frames.call(call_id, method, params))
        return call_id

    def answer_to(self, call_id: str) -> Frame | None:
        """The answer to a call of ours; None while there is none. Fails on two."""
        found = [each for each in self.frames if frames.is_answer(each) and each["id"] == call_id]
        assert len(found) <= 1, f"{call_id} was answered {len(found)} times"
        return found[0] if found else None

    def ask(self, method: str, **params: Any) -> Frame:
        """Make a call that is answered at once; returns its answer."""
        answer = self.answer_to(self.call(method, **params))
        assert answer is not None, f"{method} was not answered"
        return answer

    def result(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a call that is answered at once, be it a refusal."""
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def error(self, method: str, **params: Any) -> dict[str, Any]:
        """The JSON-RPC error of a call that is answered at once."""
        answer = self.ask(method, **params)
        assert "error" in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    def connect(self, protocol: str | None = None, **more: Any) -> Frame:
        """Call ``signalwire.connect``; returns the answer."""
        answer = self.ask("signalwire.connect", **self.connect_params(protocol, **more))
        self.note_connected(answer)
        return answer

    def connect_params(self, protocol: str | None = None, **more: Any) -> dict[str, Any]:
        """What a client says of itself."""
        resumed = {"protocol": protocol} if protocol is not None else {}
        return {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "event_acks": True,
            "agent": "harness",
            "authentication": {"project": self.project, "token": self.token},
            **resumed,
            **more,
        }

    def note_connected(self, answer: Frame) -> None:
        """Keep the protocol of an answer that accepted us, as the vendor's clients do."""
        if "result" in answer:
            result = answer["result"]
            assert result["protocol"].split("_")[1] == result["authorization"]["signature"]
            self.protocol = result["protocol"]

    def resume(self) -> Frame:
        """Connect again, on a new connection, with the protocol of the last session."""
        self.open()
        return self.connect(self.protocol)

    def subscribe(
        self, channel: str, *events: str, get_initial_state: bool = False
    ) -> dict[str, Any]:
        """Subscribe to events on a channel; returns the result."""
        return self.result(
            "signalwire.subscribe",
            event_channel=channel,
            events=list(events),
            get_initial_state=get_initial_state,
        )

    def follow(self, room: RoomSession) -> None:
        """Subscribe to all there is on a room's channel."""
        assert self.subscribe(room.channel, *ROOM_EVENTS)["code"] == "200"

    # What came

    @property
    def event_frames(self) -> list[Frame]:
        return [frame for frame in self.frames if frames.is_event(frame)]

    @property
    def events(self) -> list[Event]:
        """Type and params of every event, in order."""
        said = (frame["params"] for frame in self.event_frames)
        return [(event["event_type"], event["params"]) for event in said]

    @property
    def event_types(self) -> list[str]:
        return [event_type for event_type, _ in self.events]

    def counts(self) -> Counter[str]:
        """How many events of each type came."""
        return Counter(self.event_types)


class WorldSpaces(Keeper):
    """Keeps the spaces of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spaces: dict[str, Space] = {}
        self._scenarios: dict[str, str | None] = {}
        self._generations = Counter[str]()

    def __getitem__(self, name: str) -> Space:
        return self._spaces[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spaces)

    def __len__(self) -> int:
        return len(self._spaces)

    def former(self, name: str) -> list[Space]:
        return [each for each in self._world.former if each.name == name and each.sessions]

    def scenario_of(self, name: str) -> str | None:
        return self._scenarios.get(name)

    def make(self, name: str, scenario: str | None) -> Space:
        space = self._world.make_space(name, scenario)
        if name in self._spaces:
            self._world.former.append(self._spaces[name])
        self._generations[name] += 1
        space.generation = self._generations[name]
        self._spaces[name] = space
        self._scenarios[name] = scenario
        return space


class World:
    """A gate with its spaces and clients, on one clock.

    Args:
        seed: of all spaces.
        latency_us: of all spaces.
        script: makes the script of a space from its name and its scenario; by default a TestScript.
        credentials: as the gate takes them.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        latency_us: int = DEFAULT_LATENCY_US,
        script: Callable[[str, str | None], Script] | None = None,
        credentials: dict[str, str] | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.clients: list[Client] = []
        self.seed = seed
        self.latency_us = latency_us
        self.former: list[Space] = []
        self._script = script or (lambda name, scenario: TestScript())
        self.gate = Gate(WorldSpaces(self), self.clock, credentials)

    def make_space(self, name: str, scenario: str | None) -> Space:
        return Space(
            name,
            TABLES,
            clock=self.clock,
            seed=self.seed,
            latency_us=self.latency_us,
            script=self._script(name, scenario),
        )

    @property
    def spaces(self) -> list[Space]:
        """All spaces there are or were."""
        return [*self.former, *self.gate]

    @property
    def space(self) -> Space:
        """The only space there is now."""
        (space,) = self.gate
        return space

    @property
    def video(self) -> Video:
        """The rooms of the only space there is now."""
        return Video.of(self.space)

    @property
    def script(self) -> TestScript:
        """The script of the only space there is now."""
        assert isinstance(self.space.script, TestScript)
        return self.space.script

    def client(
        self,
        project: str = "p",
        token: str = "t",
        space_name: str | None = None,
        *,
        replies: bool = True,
    ) -> Client:
        """A client with an open connection, not yet connected to a space."""
        number = len(self.clients) + 1
        client = Client(self, number, project, token, space_name, replies=replies)
        self.clients.append(client)
        return client

    def connected(self, project: str = "p", **more: Any) -> Client:
        """A client that is connected."""
        client = self.client(project, **more)
        assert "result" in client.connect()
        return client

    # Time

    def read(self) -> None:
        """Let every client take what has come for it."""
        while any(client.has_news() for client in self.clients):
            for client in self.clients:
                client.read()

    def next_deadline(self) -> int | None:
        """When any space next has something to do."""
        return min(
            (due for space in self.gate if (due := space.next_deadline()) is not None),
            default=None,
        )

    def move(self, to: int) -> None:
        """Move the clock, and let everybody see it."""
        self.clock.move(max(to, self.clock.now()))
        for space in self.gate:
            space.tick()
        self.read()

    def wait(self, us: int) -> None:
        """Let time pass, stopping at everything that is due."""
        until = self.clock.now() + us
        while (due := self.next_deadline()) is not None and due <= until:
            self.move(due)
        self.move(until)

    def settle(self) -> None:
        """Let time pass until nothing is left to do."""
        until = self.clock.now() + 1_000 * HOUR
        while (due := self.next_deadline()) is not None:
            assert due <= until, "the spaces never come to rest"
            self.move(due)

    def do(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the service do something: ``world.do(world.video.start_room, "lobby")``."""
        self.move(self.clock.now())
        done = action(*args, **kwargs)
        self.move(self.clock.now())
        return done

    def start_room(self, name: str = "lobby", **how: Any) -> RoomSession:
        """Have a room started in the only space there is."""
        return self.do(self.video.start_room, name, **how)

    # Judgement

    def entries(self, space: Space) -> list[dict[str, Any]]:
        """The trace of a space, as its journal tells it."""
        return list(space.journal.entries())

    def violations(
        self, rules: Iterable[contract.Rule] = SERVER_RULES, *, strays: bool = True
    ) -> list[str]:
        """What breaks the contract, in any space or among the strays; and undocumented fields."""
        traces = [self.entries(space) for space in self.spaces]
        if strays:
            traces.append(list(self.gate.strays.entries()))
        rules = tuple(rules)
        return [
            problem
            for entries in traces
            for problem in violations(contract.Trace.from_entries(entries), rules)
        ]

    def everything(self) -> contract.Trace:
        """The traces of all spaces there are now as one, to be judged across spaces."""
        entries = sorted(
            (entry for space in self.gate for entry in self.entries(space)),
            key=lambda entry: float(entry["time"]),
        )
        return contract.Trace.from_entries(
            {**entry, "n": number} for number, entry in enumerate(entries, 1)
        )


MakeWorld = Callable[..., World]
"""Makes a world from the arguments of World."""


def violations(trace: contract.Trace, rules: Iterable[contract.Rule] = SERVER_RULES) -> list[str]:
    """What breaks the contract in a trace, and what fields the mock sent that no schema knows."""
    found = [str(violation) for violation in contract.check(trace, rules)]
    reader = contract.reader()
    for entry in trace:
        reader.read(entry)
        if entry.to_client and entry.frame is not None and entry.fault is None:
            call = reader.answered.get(entry.n)
            for path in undocumented(entry.frame, call.method if call is not None else None):
                found.append(f"frame {entry.n} has {path}, which no schema documents")
    return found


def recording_calls(client: Client, room: RoomSession) -> Callable[..., dict[str, Any]]:
    """``call("pause", recording_id)`` for one client and room; returns the result."""

    def call(verb: str, recording_id: str | None = None) -> dict[str, Any]:
        params = {} if recording_id is None else {"recording_id": recording_id}
        return client.result(f"video.recording.{verb}", room_session_id=room.id, **params)

    return call

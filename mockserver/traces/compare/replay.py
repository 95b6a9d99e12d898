"""Plays the clients' side of a trace against the mock's engine: no sockets, and no waiting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from mockserver import contract
from mockserver.contract import Entry
from mockserver.contract.index import CONNECT, Answer, Call, Event, Session, Step
from mockserver.engine import TABLES, Connection, Gate, Keeper, ManualClock, Space, Video
from mockserver.protocol import frames
from mockserver.scenarios import Scenario, ScenarioScript
from mockserver.traces.scenario.story import Room

from .ids import Ids

SPACE = "compare"
PATIENCE_US = 2_000_000
"""How much later than in the trace the mock may tell an id that a client uses."""

AFTERWARDS_US = 2_000_000
"""How long the mock is heard after the last frame of the trace."""

MOST_FRAMES = 10_000_000
MOST_BYTES = 4 << 30
"""What the mock's trace may take: it is not much longer than the other one, which is in memory."""

Steps = list[tuple[Entry, Step]]


def steps_of(entries: Sequence[Entry]) -> Steps:
    """The entries of a trace, each with what it is."""
    index = contract.reader()
    steps: Steps = []
    for entry in entries:
        step = index.read(entry)
        index.learn(step)
        steps.append((entry, step))
    return steps


def body_of(step: Answer | Event) -> Any:
    """What an answer or an event tells."""
    if isinstance(step, Event):
        return step.body
    frame = step.entry.frame or {}
    return frame.get("result", frame.get("error"))


class _OneSpace(Keeper):
    """Every client gets into the same space."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def __getitem__(self, name: str) -> Space:
        return self._space

    def __iter__(self) -> Iterator[str]:
        return iter((SPACE,))

    def __len__(self) -> int:
        return 1

    def scenario_of(self, name: str) -> str | None:
        return None

    def make(self, name: str, scenario: str | None) -> Space:
        return self._space


class Replay:
    """The mock beside a trace.

    Args:
        steps: the trace.
        service: what the service does by itself.
        rooms: the rooms of the trace.

    Attributes:
        ids: which id of the mock's stands for which of the trace's.
        calls: number of a call's entry in the trace -> the id of the same call here.
    """

    def __init__(self, steps: Steps, service: Scenario, rooms: Iterable[Room]) -> None:
        self._steps = steps
        self._clock = ManualClock()
        self._start = self._clock.now()
        self._space = Space(
            SPACE,
            TABLES,
            clock=self._clock,
            script=ScenarioScript(service),
            # All of it is looked at, and at the end.
            journal_limit=MOST_FRAMES,
            journal_bytes=MOST_BYTES,
        )
        self._space.is_kept = True
        self._gate = Gate(_OneSpace(self._space), self._clock)
        self._begun = steps[0][0].time
        self._connections: dict[Session, Connection] = {}
        self._open: list[Connection] = []
        self._silent: set[Connection] = set()
        self._there: dict[Any, list[Any]] = defaultdict(list)
        self._told: dict[Any, list[Any]] = defaultdict(list)
        self._sessions: dict[str, Session] = {}
        self.ids = Ids()
        self.calls: dict[int, str] = {}
        self._early = [each for each in rooms if not each.started]

    def run(self) -> Steps:
        """Play it; gives the mock's trace."""
        self._advance(self._start)
        self._know_early_rooms()
        for entry, step in self._steps:
            if entry.to_client:
                self._hear(entry, step)
            elif isinstance(step, Call):
                self._advance(self._due(entry))
                self._wait_for_ids(step)
                self._call(step)
            elif entry.frame is None and entry.session is not None:
                self._advance(self._due(entry))
                self._send_text(entry, step)
        self._advance(self._due(self._steps[-1][0]) + AFTERWARDS_US)
        return steps_of(contract.Trace.from_entries(self._space.journal.entries()).entries)

    def names(self) -> dict[str, Session]:
        """Name of a session of the mock's -> the session of the trace that it stands for."""
        return {
            connection.session.name: session
            for session, connection in self._connections.items()
            if connection.session is not None
        } | self._sessions

    def _know_early_rooms(self) -> None:
        """A client may know rooms that ran before from elsewhere, as from REST."""
        here = {room.key: room for room in Video.of(self._space).rooms.values()}
        for room in self._early:
            if (mine := here.get(room.key)) is not None:
                self.ids.known.add(room.id)
                self.ids.agree(room.id, mine.id)
                if room.channel is not None:
                    self.ids.agree(room.channel, mine.channel)
                if room.room_id is not None and mine.room_id is not None:
                    self.ids.agree(room.room_id, mine.room_id)

    # Time

    def _due(self, entry: Entry) -> int:
        return self._start + round((entry.time - self._begun) * 1_000_000)

    def _advance(self, until: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, stopping at everything that is due, until it is done."""
        while not done():
            due = self._space.next_deadline()
            if due is None or due > until:
                break
            self._move(due)
        if not done():
            self._move(until)

    def _move(self, to: int) -> None:
        self._clock.move(max(to, self._clock.now()))
        self._space.tick()
        self._read()

    def _wait_for_ids(self, call: Call) -> None:
        if self.ids.lacks(call.params):
            until = self._clock.now() + PATIENCE_US
            self._advance(until, lambda: not self.ids.lacks(call.params))

    # What the clients say

    def _call(self, call: Call) -> None:
        params = self.ids.here(dict(call.params))
        if call.method == CONNECT:
            # The token is masked in a trace, and the mock takes any.
            project = call.session.project or SPACE
            params["authentication"] = {"project": project, "token": "any"}
            self._connect(call.session, acknowledges=call.params.get("event_acks") is True)
        connection = self._connection(call.session)
        number = f"{call.entry.n}"
        self.calls[call.entry.n] = number
        self._gate.receive(connection, orjson.dumps(frames.call(number, call.method, params)))
        self._read()

    def _connect(self, session: Session, *, acknowledges: bool) -> None:
        former = self._connections.get(session)
        if former is not None and former.session is not None:
            self._sessions[former.session.name] = session
        connection = self._connections[session] = Connection(_nothing, SPACE)
        self._open.append(connection)
        if not acknowledges:
            self._silent.add(connection)

    def _connection(self, session: Session) -> Connection:
        if session not in self._connections:
            self._connect(session, acknowledges=True)
        return self._connections[session]

    def _send_text(self, entry: Entry, _step: Step) -> None:
        for session, connection in self._connections.items():
            if session.name == entry.session:
                self._gate.receive(connection, (entry.text or "").encode())
        self._read()

    # What the mock says

    def _read(self) -> None:
        while any(each.outbox or each.closing is not None for each in self._open):
            for connection in list(self._open):
                for data in connection.take():
                    self._take(connection, orjson.loads(data))
                if connection.closing is not None:
                    self._open.remove(connection)
                    self._gate.detach(connection)

    def _take(self, connection: Connection, frame: dict[str, Any]) -> None:
        if frames.is_answer(frame):
            self._learn(("answer", frame["id"]), self._told, frame.get("result"))
            return
        if frames.is_event(frame):
            event = frame["params"]
            key = self._key(self._of(connection), event["event_type"], event["params"])
            self._learn(key, self._told, [event["event_channel"], event["params"]])
        if connection not in self._silent:
            answer = frames.answer(frame["id"], {})
            self._gate.receive(connection, orjson.dumps(answer))

    def _of(self, connection: Connection) -> Session | None:
        for session, one in self._connections.items():
            if one is connection:
                return session
        return None

    # What the trace says

    def _hear(self, entry: Entry, step: Step) -> None:
        if isinstance(step, Answer) and step.call is not None and step.earlier is None:
            told = (entry.frame or {}).get("result")
            self.ids.note(told)
            self._learn(("answer", f"{step.call.entry.n}"), self._there, told)
        elif isinstance(step, Event) and step.repeats is None:
            self.ids.note(step.body)
            self.ids.known.add(step.channel)
            key = self._key(step.session, step.type, step.body)
            self._learn(key, self._there, [step.channel, step.body])

    def _key(self, session: Session | None, type_: str, body: Any) -> Any:
        member = body.get("member") if isinstance(body, dict) else None
        return (session, type_, member.get("name") if isinstance(member, dict) else None)

    def _learn(self, key: Any, where: dict[Any, list[Any]], told: Any) -> None:
        """Note what was told, and learn the ids of it once both sides have told it."""
        where[key].append(told)
        place = len(where[key]) - 1
        there, here = self._there[key], self._told[key]
        if place < min(len(there), len(here)):
            if isinstance(there[place], list) and isinstance(here[place], list):
                self.ids.learn(there[place][0], here[place][0], "event_channel")
                self.ids.learn(there[place][1], here[place][1])
            else:
                self.ids.learn(there[place], here[place])


def _nothing() -> None:
    """Everything is read after each step."""

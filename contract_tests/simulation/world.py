"""The simulated world: two spaces, their clients, one clock that only the simulation moves.

All that the engine can see comes from here, and all of it follows from one seed. After each step
``problems`` says what does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from mockserver import contract
from mockserver.engine import (
    TABLES,
    Container,
    Gate,
    Keeper,
    ManualClock,
    RoomSession,
    Script,
    Space,
    Strike,
    Video,
)
from mockserver.engine.journal import NOTE
from mockserver.engine.journal import Entry as Kept
from mockserver.protocol import catalogue, codec

from .clients import ALL_ROOMS, HONEST, LYING, STATE_EVENT, WITNESS, Client, Frame, Manner
from .network import Flow, Socket

MS = 1_000
S = 1_000_000

PROJECTS = ("north", "south")
"""The spaces: what happens in one must not be seen in the other."""

ROOM_LIST_EVENTS = ("video.room.started", "video.room.ended", "video.room.updated")
ROOM_EVENTS = tuple(sorted(catalogue.EVENTS - {"video.room.started", STATE_EVENT}))

RESUME_WINDOW_US = 60 * S
"""How long a session that is away can be resumed."""

STUCK_US = 5 * S
"""How long a connection that is being closed may stand still before it is cut."""

SERVER_RULES = tuple(rule for rule in contract.RULES if rule.party != "client")


@dataclass(frozen=True)
class Problem:
    """Something that does not hold.

    Attributes:
        kind: the rule of the contract, or of the simulation, that is broken.
        text: what was seen.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Spaces(Keeper):
    """The spaces of a world; each is made when its first client comes."""

    def __init__(self, make: Callable[[str], Space]) -> None:
        self._make = make
        self._spaces: dict[str, Space] = {}

    def __getitem__(self, name: str) -> Space:
        return self._spaces[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spaces)

    def __len__(self) -> int:
        return len(self._spaces)

    def scenario_of(self, name: str) -> str | None:
        return None

    def make(self, name: str, scenario: str | None) -> Space:
        space = self._spaces[name] = self._make(name)
        return space


class Recorder(Script):
    """Counts the events that are made, whoever gets them."""

    def __init__(self) -> None:
        self.made = 0

    def on_event(self, space: Space, event_type: str, about: Container) -> None:
        self.made += event_type != STATE_EVENT


class World:
    """Everything there is in one run.

    In every second world there are liars. Clients may break the rules that are theirs there, and
    nowhere else. In two of four, faults are injected.

    Args:
        seed: of the ids and names; it decides whether there are liars.
        projects: the spaces.
        cast: the clients of each; None: the usual ones.

    Attributes:
        has_faults: whether faults may be injected.
        injected: the names of the faults that were.
        recorders: space name -> what counts the events that are made there.
        clients: the cast of both spaces, without the witnesses.
        rooms: space name -> all rooms that there were, the oldest first.
        ghosts: connections that their clients have left, which the server does not know yet.
        entries: the trace of both spaces, in the order in which it happened.
        found: what was noticed since ``problems`` was last asked, such as a bug of the engine.
        digest: of all texts in the trace: worlds in which the same happened have the same.
    """

    def __init__(
        self, seed: int, *, projects: Sequence[str] = PROJECTS, cast: Sequence[Manner] | None = None
    ) -> None:
        self.seed = seed
        self.clock = ManualClock()
        self.entries: list[contract.Entry] = []
        self.recorders: dict[str, Recorder] = {}
        self.gate = Gate(Spaces(self._make_space), self.clock)
        self.gate.strays.listen(lambda kept: self._note("", kept))
        self.rooms: dict[str, list[RoomSession]] = {project: [] for project in projects}
        self.ghosts: list[tuple[Socket, Client]] = []
        self.found: list[Problem] = []
        self.digest = 0
        self.has_faults = seed % 4 >= 2
        self.injected: set[str] = set()
        cast = cast or (LYING if seed % 2 else HONEST)
        is_honest = not any(each.lies for each in cast)
        self._judge = contract.judge(contract.RULES if is_honest else SERVER_RULES)
        self._judged = 0
        self._latest: tuple[bytes, Frame] = (b"", {})
        self._left_at: dict[str, int] = {}
        self._closing_since: dict[Socket, int] = {}
        self._channels: dict[str, str] = {}
        self._projects: dict[str, str] = {}
        self.witnesses = {project: Client(self, project, WITNESS) for project in projects}
        self.clients = [Client(self, project, each) for project in projects for each in cast]
        for witness in self.witnesses.values():
            witness.connect(None)
            witness.subscribe(ALL_ROOMS, ROOM_LIST_EVENTS)
        for client in self.clients:
            client.connect(None)
            client.subscribe(ALL_ROOMS, ROOM_LIST_EVENTS)

    def _make_space(self, name: str) -> Space:
        recorder = self.recorders[name] = Recorder()
        space = Space(
            name,
            TABLES,
            clock=self.clock,
            seed=self.seed,
            script=recorder,
            on_bug=self._note_bug,
            strike_door=self._strike_door,
        )
        space.journal.listen(lambda kept: self._note(name, kept))
        return space

    def _strike_door(self, space: Space, strike: Strike) -> None:
        """The service is deployed again: all sessions are forgotten.

        The witness is back at once, before anything else is made, so that it misses nothing.
        """
        assert strike.fault == "redeploy"
        for session in list(space.sessions.values()):
            connection = session.connection
            space.forget(session)
            if connection is not None:
                connection.close(1012, "the service was deployed again")
        witness = self.witnesses[space.name]
        witness.connect(None)
        witness.subscribe(ALL_ROOMS, ROOM_LIST_EVENTS)
        for room in self.rooms[space.name]:
            # One that has ended may have events that have not left yet.
            witness.subscribe(room.channel, ROOM_EVENTS)

    # What is there

    def space(self, project: str) -> Space:
        """The space of a project."""
        return self.gate.spaces[project]

    def video(self, project: str) -> Video:
        """The rooms of a project."""
        return Video.of(self.space(project))

    def open(self) -> Socket:
        """Open a connection to the server."""
        return Socket(self.gate)

    def start_room(self, project: str, members: int) -> RoomSession:
        """Have the service start a room; the witness listens to it from the start."""
        self.tick()
        room = self.video(project).start_room(members=members)
        self.rooms[project].append(room)
        self._channels[room.id] = room.channel
        self._projects[room.id] = project
        self.witnesses[project].subscribe(room.channel, ROOM_EVENTS, state=True)
        return room

    # What is noted

    def _note(self, space: str, kept: Kept) -> None:
        """Put an entry of a journal at the end of the trace."""
        if kept.direction == NOTE:
            return
        self.digest = crc32(kept.data, crc32(b"%d %s" % (kept.time, space.encode()), self.digest))
        self.entries.append(self._read(space, kept))

    def _read(self, space: str, kept: Kept) -> contract.Entry:
        """The entry as a saved trace has it; most of them are read in a shorter way."""
        n = len(self.entries) + 1
        # An event that goes to many sessions is one text.
        if kept.data is not self._latest[0]:
            frame = codec.read(kept.data) if kept.valid else None
            if frame is None:
                journal = self.gate.spaces[space].journal if space else self.gate.strays
                (entry,) = contract.read_entries([journal.as_json(kept) | {"n": n}])
                return entry
            self._latest = (kept.data, frame)
        mark = kept.mark
        return contract.Entry(
            n,
            kept.time / S,
            space,
            kept.session,
            kept.direction,
            self._latest[1],
            fault=mark and mark.fault,
            lost=mark is not None and mark.is_lost,
            extra=mark is not None and mark.is_extra,
            meant=codec.read(mark.meant) if mark is not None and mark.meant is not None else None,
        )

    def _note_bug(self, bug: Exception) -> None:
        self.note_problem("no-bug", repr(bug))

    def note_problem(self, kind: str, text: str) -> None:
        """Something does not hold; ``problems`` says so after this step."""
        self.found.append(Problem(kind, text))

    def witnessed(self, project: str, event: Frame) -> None:
        """The witness got an event: whoever listens to it is meant to get it."""
        params = event["params"]
        channels = [params["event_channel"]]
        if channels[0].startswith(ALL_ROOMS):
            channels = [ALL_ROOMS, self._channels[params["params"]["room_session_id"]]]
        for client in self.clients:
            if client.project == project and client.expects(params["event_type"], channels):
                client.expected.append(event["id"])

    def check_is_own(self, client: Client, event: Frame) -> None:
        """A client gets no event of another space."""
        room_id = event["params"]["params"]["room_session_id"]
        if self._projects[room_id] != client.project:
            text = f"{client.name} got {event['params']['event_type']} of {self._projects[room_id]}"
            self.note_problem("one-space", text)

    # Time and the network

    def tick(self) -> None:
        """Have the spaces see the time, and the clients what has come for them."""
        for space in self.gate:
            space.tick()
        self.carry()

    def carry(self) -> None:
        """Let the network work, until nothing moves any more."""
        for client in (*self.witnesses.values(), *self.clients):
            client.read()
        for ghost, owner in list(self.ghosts):
            ghost.hear()
            if ghost.flow is not Flow.STUCK:
                owner.note_lost(len(ghost.read()) + len(ghost.in_flight))
                ghost.in_flight.clear()
        for ghost, _ in list(self.ghosts):
            if ghost.is_reset or ghost.connection.closing is not None:
                self.end(ghost)
        for client in self.clients:
            client.was_alive = client.is_alive

    def end(self, socket: Socket) -> None:
        """The server notices that a connection is gone."""
        session = socket.connection.session
        socket.lose()
        self.ghosts = [each for each in self.ghosts if each[0] is not socket]
        if session is not None:
            self._left_at[session.protocol] = self.clock.now()

    def wait(self, us: int) -> None:
        """Let time pass, stopping at everything that is due."""
        until = self.clock.now() + us
        while (due := self._next_deadline()) is not None and due <= until:
            self._move(due)
        self._move(until)

    def _next_deadline(self) -> int | None:
        times = (space.next_deadline() for space in self.gate)
        return min((due for due in times if due is not None), default=None)

    def _move(self, to: int) -> None:
        self.clock.move(max(to, self.clock.now()))
        self.tick()
        for client in self.clients:
            self._cut_if_stuck(client)
        for space in self.gate:
            for session in list(space.sessions.values()):
                left = self._left_at.get(session.protocol, self.clock.now())
                if session.connection is None and self.clock.now() - left >= RESUME_WINDOW_US:
                    space.forget(session)

    def _cut_if_stuck(self, client: Client) -> None:
        socket = client.socket
        if socket is None or socket.connection.closing is None:
            return
        since = self._closing_since.setdefault(socket, self.clock.now())
        if self.clock.now() - since >= STUCK_US:
            del self._closing_since[socket]
            client.lose()

    def come_to_rest(self) -> None:
        """Faults end, everybody comes back and reads, and time passes until all have all."""
        for space in self.gate:
            space.faults.withdraw()
        for client in self.clients:
            if client.is_faulted:
                client.lose()
        for _ in range(2):
            for client in self.clients:
                if client.socket is not None:
                    client.socket.flow = Flow.FLOWING
            self.carry()
            for client in self.clients:
                client.catch_up(1_000_000)
                if not client.is_connected:
                    client.connect(client.protocol)
            self.wait(10 * S)

    # What holds

    def problems(self, *, at_rest: bool = False) -> list[Problem]:
        """What does not hold now: the rules of the contract, and those of the simulation."""
        for entry in self.entries[self._judged :]:
            self._judge.feed(entry)
        self._judged = len(self.entries)
        found, self.found = self.found, []
        found += [Problem(each.rule, str(each)) for each in self._judge.violations]
        for client in self.clients:
            if (wrong := client.problem(at_rest=at_rest)) is not None:
                found.append(Problem("each-event-once-in-order", wrong))
            if at_rest:
                found += [
                    Problem("every-call-answered", f"{client.name}'s call {call} was not answered")
                    for call, answer in client.answers.items()
                    if answer is None and client.is_connected and not client.manner.lies
                ]
        if at_rest:
            for project, witness in self.witnesses.items():
                made, got = self.recorders[project].made, witness.heard
                if made != got:
                    text = f"{witness.name} got {got} events of {made} that were made"
                    found.append(Problem("witness-gets-everything", text))
        found += [Problem("consistent", text) for text in self._inconsistent()]
        return found

    def _inconsistent(self) -> Iterator[str]:
        """What the spaces hold that cannot be."""
        for space in self.gate:
            for session in space.sessions.values():
                connection = session.connection
                if connection is not None and connection.session is not session:
                    yield f"{space.name}/{session.name} has a connection of another session"
            for room in Video.of(space).rooms.values():
                if room.ended or not (room.members or room.audience):
                    yield f"room {room.id} is over, or empty, and still there"
        for rooms in self.rooms.values():
            for room in rooms:
                if room.ended and any(room.running(kind) for kind in room.activities):
                    yield f"room {room.id} has ended and something runs in it"

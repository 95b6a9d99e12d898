"""What may happen in a simulated world: one function each, with how often it is drawn.

A step is a name and a number. The number decides everything that the step chooses, so a step means
something in any state of the world, and steps can be left out of a run to make it shorter. Each
function returns a few words on what it did, or None when there was nothing to do it to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

import orjson

from mockserver import schemas
from mockserver.engine import Activity, AnswerPlan, RoomSession
from mockserver.engine.faults import FAULTS, parameters
from mockserver.protocol.errors import ProtocolError, Refusal

from .clients import ALL_ROOMS, Client
from .network import STRIKES, Flow
from .world import MS, PROJECTS, ROOM_EVENTS, ROOM_LIST_EVENTS, S, World

T = TypeVar("T")

MEANING = {
    ("recording", "recording", "pause"): "paused",
    ("recording", "paused", "resume"): "recording",
    ("recording", "recording", "stop"): "completed",
    ("recording", "paused", "stop"): "completed",
    ("playback", "playing", "pause"): "paused",
    ("playback", "paused", "resume"): "playing",
    ("playback", "playing", "stop"): "completed",
    ("playback", "paused", "stop"): "completed",
    ("stream", "streaming", "stop"): "completed",
}
"""(kind, state, verb) -> the state after it, by the vendor's documentation; others are refused.

It stands here again, because a mistake in the engine's own table would be one of the rules, too.
"""

VERBS = {
    "recording": ("pause", "resume", "stop"),
    "playback": ("pause", "resume", "stop"),
    "stream": ("stop",),
}
START_PARAMS: dict[str, dict[str, str]] = {
    "recording": {},
    "playback": {"url": "https://example.com/tune.mp3"},
    "stream": {"url": "rtmp://example.com/live"},
}
MOST_ROOMS = 3
MOST_RUNNING = 3

NONSENSE = (
    b"nonsense",
    b"[]",
    b"{}",
    b'{"jsonrpc":"2.0","id":"nobody asked","result":{}}',
    b'{"jsonrpc":"2.0","id":["bad"],"method":"video.rooms.get","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad %d","method":"video.rooms.gte","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad %d","method":"video.room.get","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad %d","method":"video.rooms.get"}',
    b'{"jsonrpc":"2.0","id":"bad %d","result":7}',
    b"\xff\xfe{",
    b"[" * 400,
)
REFUSALS: tuple[Callable[[], ProtocolError | Refusal], ...] = (
    lambda: Refusal("403", "not now"),
    lambda: Refusal("500", "broken"),
    lambda: ProtocolError("failed"),
)
"""Each makes a new one: what was raised keeps alive the world in which it was."""
FAULT_NAMES = (
    *(name for name, fault in FAULTS.items() if fault.layer != "socket"),
    *STRIKES,
    "redeploy",
)
"""All of frames and sessions, and of sockets those for which no real socket is needed."""

PLANNED_CODES = ("403", "500", "error", None)
"""What a call is answered with when its answer was planned; None: later."""

PLANNABLE = tuple(
    f"video.{kind}.{verb}" for kind, verbs in VERBS.items() for verb in ("start", *verbs)
)


class Step(NamedTuple):
    """One step of a run: what happens, and the number that decides its choices."""

    name: str
    number: int


class Draw:
    """Choices that follow from a number."""

    def __init__(self, number: int) -> None:
        self._rest = number

    def below(self, limit: int) -> int:
        """A number from 0 up to, and without, ``limit``."""
        self._rest, drawn = divmod(self._rest, limit)
        return drawn

    def of(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[self.below(len(options))]

    def newest(self, options: Sequence[T]) -> T:
        """One of these, the last one most often: what was begun shall go on."""
        return options[-1 - (self.below(len(options)) if self.below(2) else 0)]

    def some(self, options: Sequence[T]) -> list[T]:
        """A few of these, at least one."""
        first, count = self.below(len(options)), 1 + self.below(4)
        return list(options[first : first + count])


Do = Callable[[World, Draw], str | None]
STEPS: dict[str, Do] = {}
_weights: list[int] = []


def step(weight: int) -> Callable[[Do], Do]:
    """Put a function on the list of steps; it is drawn in proportion to its weight."""

    def register(do: Do) -> Do:
        STEPS[do.__name__] = do
        _weights.append(weight)
        return do

    return register


def drawn(seed: int, count: int) -> list[Step]:
    """The steps of a run."""
    random = Random(seed)
    names = random.choices(tuple(STEPS), _weights, k=count)
    return [Step(name, random.getrandbits(64)) for name in names]


# Picking


def _connected(world: World, draw: Draw) -> Client | None:
    """A client that can make a call and read the answer."""
    clients = [each for each in world.clients if each.is_connected]
    return draw.of(clients) if clients else None


def _liar(world: World, draw: Draw) -> Client | None:
    liars = [each for each in world.clients if each.manner.lies]
    return draw.of(liars) if liars else None


def _running_room(world: World, project: str, draw: Draw) -> RoomSession | None:
    rooms = list(world.video(project).rooms.values())
    return draw.newest(rooms) if rooms else None


def _talking(world: World, draw: Draw) -> tuple[Client, RoomSession] | None:
    """A client that can make a call, and a room of its space."""
    client = _connected(world, draw)
    room = None if client is None else _running_room(world, client.project, draw)
    return None if client is None or room is None else (client, room)


# Connections


@step(3)
def a_connection_is_lost(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    if client.socket is None:
        return None
    client.lose()
    return client.name


@step(3)
def a_client_leaves_a_connection_that_the_server_keeps(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    if client.socket is None:
        return None
    client.abandon()
    return client.name


@step(1)
def the_server_notices_what_was_left(world: World, draw: Draw) -> str | None:
    if not world.ghosts:
        return None
    socket, owner = draw.of(world.ghosts)
    world.end(socket)
    return owner.name


@step(2)
def the_service_drops_a_connection(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    if client.session is None or client.session.connection is None:
        return None
    world.space(client.project).drop(client.session)
    return client.name


@step(2)
def the_service_disconnects_a_session(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    if client.session is None or client.session.connection is None:
        return None
    world.space(client.project).disconnect(client.session)
    return client.name


@step(1)
def a_client_says_goodbye(world: World, draw: Draw) -> str | None:
    client = _connected(world, draw)
    if client is None:
        return None
    client.followed = {}
    client.call("signalwire.disconnect", {})
    return client.name


@step(12)
def a_client_comes_back(world: World, draw: Draw) -> str | None:
    away = [each for each in world.clients if each.socket is None]
    if not away:
        return None
    client = draw.of(away)
    before = client.protocol
    client.connect(before)
    return f"{client.name}, {'resumed' if client.protocol == before else 'with a new session'}"


@step(2)
def a_client_resumes_although_it_is_connected(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    client.connect(client.protocol)
    return client.name


@step(1)
def a_client_resumes_the_session_of_another_space(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    others = [each for each in world.clients if each.project != client.project]
    foreign = draw.of(others).protocol
    client.connect(foreign)
    if client.protocol is not None and client.protocol == foreign:
        world.note_problem("sessions-apart", f"{client.name} got the session {foreign}")
    return client.name


@step(1)
def a_liar_connects_twice(world: World, draw: Draw) -> str | None:
    if (client := _liar(world, draw)) is None:
        return None
    if not client.is_connected:
        return None
    params = {
        "version": {"major": 3, "minor": 0, "revision": 0},
        "authentication": {"project": client.project, "token": "t"},
    }
    if client.code("signalwire.connect", **params) == "200":
        world.note_problem("connected-once", f"{client.name} connected twice on one connection")
    return client.name


@step(4)
def a_network_changes(world: World, draw: Draw) -> str | None:
    """It slows down, or gets stuck, or all that waits comes at once."""
    client = draw.of(world.clients)
    if client.socket is None:
        return None
    client.socket.flow = draw.of((Flow.FLOWING, Flow.FLOWING, Flow.DELAYED, Flow.STUCK))
    return f"{client.name}: {client.socket.flow.value}"


@step(8)
def a_client_catches_up(world: World, draw: Draw) -> str | None:
    """One that answers late answers some of what it has got."""
    late = [each for each in world.clients if each.owes]
    if not late:
        return None
    client = draw.of(late)
    return f"{client.name} answers {client.catch_up(1 + draw.below(20))}"


@step(2)
def the_service_pings(world: World, draw: Draw) -> str | None:
    client = draw.of(world.clients)
    if client.session is None or client.session.connection is None:
        return None
    world.space(client.project).ping(client.session)
    return client.name


# Subscriptions


@step(8)
def a_client_listens_to_a_room(world: World, draw: Draw) -> str | None:
    if (talking := _talking(world, draw)) is None:
        return None
    client, room = talking
    client.subscribe(room.channel, ROOM_EVENTS, state=bool(draw.below(2)))
    return f"{client.name} to {room.name}"


@step(4)
def a_client_listens_to_all_rooms(world: World, draw: Draw) -> str | None:
    if (client := _connected(world, draw)) is None:
        return None
    client.subscribe(ALL_ROOMS, ROOM_LIST_EVENTS)
    return client.name


@step(3)
def a_client_listens_to_some_events(world: World, draw: Draw) -> str | None:
    if (talking := _talking(world, draw)) is None:
        return None
    client, room = talking
    types = draw.some(ROOM_EVENTS)
    client.subscribe(room.channel, types, state=bool(draw.below(2)))
    return f"{client.name} in {room.name} to {', '.join(types)}"


@step(3)
def a_client_listens_no_more(world: World, draw: Draw) -> str | None:
    if (client := _connected(world, draw)) is None or not client.followed:
        return None
    channel = draw.of(sorted(client.followed))
    types = sorted(client.followed[channel])
    if not types:
        return None
    gone = draw.some(types) if draw.below(2) else types
    client.unsubscribe(channel, gone)
    return f"{client.name} on {channel} to {len(gone)} of {len(types)}"


@step(1)
def a_client_listens_in_another_space(world: World, draw: Draw) -> str | None:
    """Channels of another space are not there."""
    if (client := _connected(world, draw)) is None:
        return None
    (other,) = (project for project in PROJECTS if project != client.project)
    room = _running_room(world, other, draw)
    if room is None:
        return None
    if client.subscribe(room.channel, ROOM_EVENTS) == "200":
        world.note_problem("one-space", f"{client.name} listens to {room.name} of {other}")
    return f"{client.name} to {room.name} of {other}"


# Media


@step(14)
def a_client_starts_something(world: World, draw: Draw) -> str | None:
    if (talking := _talking(world, draw)) is None:
        return None
    client, room = talking
    kind = draw.of(("recording", "recording", "recording", "playback", "stream"))
    if len(room.running(kind)) >= MOST_RUNNING:
        return None
    code = client.code(f"video.{kind}.start", room_session_id=room.id, **START_PARAMS[kind])
    return f"{client.name}: {kind} in {room.name}: {code}"


@step(40)
def a_client_acts_on_something(world: World, draw: Draw) -> str | None:
    """Any verb in any state; what comes of it is what the documentation says."""
    if (client := _connected(world, draw)) is None:
        return None
    there = [
        (room, each)
        for room in world.video(client.project).rooms.values()
        for kind in VERBS
        for each in room.activities[kind].values()
        if client.manner.lies or not each.has_ended
    ]
    if not there:
        return a_client_starts_something(world, draw)
    room, target = draw.newest(there)
    kind, before = target.kind, target.state
    verb = draw.of(VERBS[kind])
    params = {"room_session_id": room.id, f"{kind}_id": target.id}
    code = client.code(f"video.{kind}.{verb}", **params)
    if code not in PLANNED_CODES and not client.is_faulted:
        check_meaning(world, target, verb, before, code == "200")
    return f"{client.name}: {verb} {kind} {target.id[:8]} ({before}): {code}"


def check_meaning(world: World, target: Activity, verb: str, before: str, done: bool) -> None:
    """Check what came of a verb against what the documentation says."""
    meant = MEANING.get((target.kind, before, verb))
    if done is not (meant is not None):
        what = "done" if done else "refused"
        text = f"{verb} of a {target.kind} that is {before} was {what}"
        world.note_problem("verbs-do-what-they-mean", text)
    elif target.state != (meant or before):
        text = f"{verb} of a {target.kind} that is {before} led to {target.state}"
        world.note_problem("verbs-do-what-they-mean", f"{text}, expected {meant or before}")


@step(8)
def the_service_acts_on_a_recording(world: World, draw: Draw) -> str | None:
    project = draw.of(PROJECTS)
    there = [
        (room, each)
        for room in world.video(project).rooms.values()
        for each in room.activities["recording"].values()
    ]
    if not there:
        return None
    room, target = draw.newest(there)
    verb, before = draw.of(VERBS["recording"]), target.state
    try:
        world.space(project).do(f"{verb}_recording", room, {"recording": target.id})
        done = True
    except Refusal:
        done = False
    check_meaning(world, target, verb, before, done)
    return f"{project}: {verb} {target.id[:8]} ({before})"


@step(6)
def a_client_asks_how_things_stand(world: World, draw: Draw) -> str | None:
    if (talking := _talking(world, draw)) is None:
        return None
    client, room = talking
    method = draw.of(
        (
            "video.rooms.get",
            "video.room.get",
            "video.members.get",
            "video.recording.list",
            "video.playback.list",
            "video.stream.list",
        )
    )
    params = {} if method == "video.rooms.get" else {"room_session_id": room.id}
    return f"{client.name}: {method}: {client.code(method, **params)}"


# Rooms and people


@step(3)
def a_room_starts(world: World, draw: Draw) -> str | None:
    project = draw.of(PROJECTS)
    if len(world.video(project).rooms) >= MOST_ROOMS:
        return None
    room = world.start_room(project, members=1 + draw.below(3))
    return f"{project}: {room.name}"


@step(1)
def a_room_ends(world: World, draw: Draw) -> str | None:
    project = draw.of(PROJECTS)
    room = _running_room(world, project, draw)
    if room is None:
        return None
    world.video(project).end_room(room)
    return f"{project}: {room.name}"


@step(4)
def somebody_joins(world: World, draw: Draw) -> str | None:
    project = draw.of(PROJECTS)
    room = _running_room(world, project, draw)
    if room is None or len(room.members) >= 6:
        return None
    try:
        return f"{project}: {world.video(project).join(room).name} in {room.name}"
    except Refusal as refusal:
        return f"{project}: refused: {refusal.message}"


@step(3)
def somebody_leaves(world: World, draw: Draw) -> str | None:
    project = draw.of(PROJECTS)
    room = _running_room(world, project, draw)
    if room is None:
        return None
    member = draw.of(list(room.members.values()))
    world.video(project).leave(room, member)
    return f"{project}: {member.name} from {room.name}"


@step(6)
def a_client_sets_something(world: World, draw: Draw) -> str | None:
    if (talking := _talking(world, draw)) is None:
        return None
    client, room = talking
    method = draw.of(
        (
            "lock",
            "unlock",
            "member.audio_mute",
            "member.audio_unmute",
            "member.raisehand",
            "set_meta",
        )
    )
    params: dict[str, object] = {"room_session_id": room.id}
    if method.startswith("member."):
        params["member_id"] = draw.of(list(room.members))
    if method == "set_meta":
        params["meta"] = {"topic": draw.below(5)}
    return f"{client.name}: {method} in {room.name}: {client.code(f'video.{method}', **params)}"


# The service's manners


@step(2)
def an_answer_is_planned(world: World, draw: Draw) -> str | None:
    """The next call of some kind is refused, or answered late, or after its events."""
    project, method = draw.of(PROJECTS), draw.of(PLANNABLE)
    plan = draw.of(
        (
            AnswerPlan(instead=draw.of(REFUSALS)()),
            AnswerPlan(delay_us=draw.of((1, 29 * MS, 31 * MS, 3 * S))),
            AnswerPlan(after_events=True),
        )
    )
    world.space(project).planned.plan(method, plan)
    return f"{project}: {method}: {plan}"


@step(1)
def the_latency_changes(world: World, draw: Draw) -> str | None:
    project, latency_us = draw.of(PROJECTS), draw.of((0, 1, 30 * MS, 500 * MS, 5 * S))
    world.space(project).latency_us = latency_us
    return f"{project}: {latency_us / S:g} s"


@step(5)
def a_fault_is_injected(world: World, draw: Draw) -> str | None:
    """Into the session of one client, as one of the examples of its schema says."""
    client = draw.of(world.clients)
    if not world.has_faults or client.session is None:
        return None
    fault = FAULTS[draw.of(FAULT_NAMES)]
    given = dict(draw.of(schemas.load(f"faults/{fault.name}")["examples"]))
    if "session" in fault.scope:
        given["session"] = client.session.name
    if given.get("how") == "oversized":
        given["bytes"] = 1_000
    if len(fault.directions) > 1:
        given["direction"] = draw.of(fault.directions)
    elif "before" in parameters(fault.name)["properties"] and draw.below(2):
        given |= {"events": draw.of(("video.*", "video.recording.*")), "before": True}
    if draw.below(2) and not given.keys() & {"times", "for"}:
        given |= draw.of(({"times": 3}, {"for": "2s"}, {"for": "10s", "probability": 0.5}))
    client.is_faulted |= fault.layer == "frame"
    if given.get("before") and not client.manner.acknowledges:
        client.may_miss = True
    world.space(client.project).faults.inject(fault.name, given)
    world.injected.add(fault.name)
    return f"{client.name}: {fault.name} {given}"


# Lies


@step(2)
def a_liar_sends_nonsense(world: World, draw: Draw) -> str | None:
    if (client := _liar(world, draw)) is None:
        return None
    nonsense = draw.of(NONSENSE)
    if b"%d" in nonsense:
        nonsense %= draw.below(1_000_000)
    client.send(nonsense)
    return f"{client.name}: {nonsense[:40]!r}"


@step(2)
def a_liar_acknowledges_again(world: World, draw: Draw) -> str | None:
    """What it has acknowledged already, or what another client was sent."""
    if (client := _liar(world, draw)) is None:
        return None
    heard = draw.of([each for each in world.clients if each.project == client.project]).received
    if not heard:
        return None
    event = draw.newest(heard)
    if event not in client.received:
        # What it claims to have is not sent to it again.
        client.may_miss = True
    client.send(orjson.dumps({"jsonrpc": "2.0", "id": event, "result": {}}))
    return f"{client.name}: {event[:8]}"


@step(1)
def a_liar_acts_in_another_space(world: World, draw: Draw) -> str | None:
    if (client := _liar(world, draw)) is None:
        return None
    (other,) = (project for project in PROJECTS if project != client.project)
    room = _running_room(world, other, draw)
    if room is None or not client.is_connected:
        return None
    method = draw.of(("video.recording.start", "video.recording.list", "video.room.get"))
    code = client.code(method, room_session_id=room.id)
    if code == "200":
        world.note_problem("one-space", f"{client.name} did {method} in {room.name} of {other}")
    return f"{client.name}: {method} in {room.name} of {other}: {code}"


# Time


@step(30)
def time_passes(world: World, draw: Draw) -> str | None:
    us = draw.of((1, MS, 29 * MS, 30 * MS, 31 * MS, S, S, 2 * S, 10 * S))
    world.wait(us)
    return f"{us / S:g} s"


@step(1)
def much_time_passes(world: World, draw: Draw) -> str | None:
    us = draw.of((61 * S, 3_600 * S))
    world.wait(us)
    return f"{us / S:g} s"

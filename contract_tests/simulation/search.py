"""Exhaustive search: every sequence of calls and faults, up to a depth, in a small world.

One room, two recordings, two clients. Ann acknowledges at once, and calls for anything, also for
what she knows to be over. Bob acknowledges when a step says so. After each step of each sequence
every rule is checked, and in each state also once everything has come to rest. Sequences that lead
to the same state are followed once. A state is all that there is but ids and times.

The engine cannot be copied, so each sequence is played from the beginning.

    python -m contract_tests.simulation.search --depth 6
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import orjson

from mockserver.engine import Activity, RoomSession

from .clients import Client, Manner
from .network import Flow
from .steps import check_meaning
from .world import MS, ROOM_EVENTS, Problem, S, World

CAST = (Manner("Ann", lies=True), Manner("Bob", replies_at_once=False))


class SmallWorld(World):
    """A world with one space, one room, Ann and Bob, who listen to the room."""

    def __init__(self) -> None:
        super().__init__(0, projects=("north",), cast=CAST)
        self.ann, self.bob = self.clients
        self.room: RoomSession = self.start_room("north", members=1)
        for client in self.clients:
            client.subscribe(self.room.channel, ROOM_EVENTS)
        self.wait(S)
        self.bob.catch_up(100)

    @property
    def recordings(self) -> list[Activity]:
        """The recordings that there are or were, in the order of starting."""
        return list(self.room.activities["recording"].values())

    def state(self) -> Hashable:
        """All there is, but ids and times."""
        return (
            tuple(each.state for each in self.recordings),
            self.room.ended,
            tuple(self._shown(frame) for frame in self._under_way()),
            tuple(self._client_state(each) for each in self.clients),
        )

    def _client_state(self, client: Client) -> Hashable:
        socket, session = client.socket, client.session
        assert session is not None
        connection = None if socket is None else socket.connection
        return (
            None if socket is None else (socket.flow, socket.is_usable),
            () if socket is None else self._all_shown(socket.in_flight),
            () if connection is None else self._all_shown(connection.outbox),
            self._all_shown(session.pending.values()),
            session.connection is None,
            client.owes,
            tuple(sorted((channel, len(types)) for channel, types in client.followed.items())),
        )

    def _under_way(self) -> Iterator[dict[str, Any]]:
        """The events that were made and have not left yet."""
        for _, _, action in sorted(self.space("north").agenda._entries, key=lambda each: each[:2]):
            assert isinstance(action, partial)
            yield orjson.loads(action.args[1])

    def _all_shown(self, texts: Iterable[bytes]) -> tuple[str, ...]:
        return tuple(self._shown(orjson.loads(each)) for each in texts)

    def _shown(self, frame: dict[str, Any]) -> str:
        """A frame without ids and times."""
        params = frame.get("params", {})
        recording = params.get("params", {}).get("recording", {})
        ids = [each.id for each in self.recordings]
        number = ids.index(recording["id"]) if recording else ""
        kind = params.get("event_type", frame.get("method", "answer"))
        return f"{kind} {number} {recording.get('state', '')}"


class Act(NamedTuple):
    """One thing that may happen: when it can, and what it does."""

    can: Callable[[SmallWorld], bool]
    do: Callable[[SmallWorld], object]


def _verb(number: int, verb: str) -> Act:
    """Ann calls for something to be done to a recording, whatever its state is."""

    def do(world: SmallWorld) -> object:
        recording = world.recordings[number]
        before = recording.state
        params = {"room_session_id": world.room.id, "recording_id": recording.id}
        code = world.ann.code(f"video.recording.{verb}", **params)
        check_meaning(world, recording, verb, before, code == "200")
        return None

    return Act(lambda w: w.ann.is_connected and len(w.recordings) > number and not w.room.ended, do)


def _connection(who: str) -> dict[str, Act]:
    """What may happen to the connection of Ann or Bob."""

    def client(world: SmallWorld) -> Client:
        return world.ann if who == "Ann" else world.bob

    def has_socket(world: SmallWorld) -> bool:
        return client(world).socket is not None

    def resume(world: SmallWorld) -> None:
        client(world).connect(client(world).protocol)

    return {
        f"{who}'s connection is lost": Act(has_socket, lambda w: client(w).lose()),
        f"{who} leaves a connection": Act(has_socket, lambda w: client(w).abandon()),
        f"{who} resumes": Act(lambda w: True, resume),
    }


def _flow(flow: Flow) -> Act:
    def can(world: SmallWorld) -> bool:
        socket = world.bob.socket
        return socket is not None and socket.flow is not flow

    def do(world: SmallWorld) -> None:
        assert world.bob.socket is not None
        world.bob.socket.flow = flow

    return Act(can, do)


def _notice(world: SmallWorld) -> None:
    for ghost, _ in list(world.ghosts):
        world.end(ghost)


ACTS: dict[str, Act] = {
    "Ann starts a recording": Act(
        lambda w: w.ann.is_connected and len(w.recordings) < 2 and not w.room.ended,
        lambda w: w.ann.code("video.recording.start", room_session_id=w.room.id),
    ),
    **{
        f"Ann calls {verb} for recording {number + 1}": _verb(number, verb)
        for number in (0, 1)
        for verb in ("pause", "resume", "stop")
    },
    "the room ends": Act(lambda w: not w.room.ended, lambda w: w.video("north").end_room(w.room)),
    **_connection("Ann"),
    **_connection("Bob"),
    "the server notices what was left": Act(lambda w: bool(w.ghosts), _notice),
    "Bob's network is slow": _flow(Flow.DELAYED),
    "Bob does not read": _flow(Flow.STUCK),
    "Bob reads": _flow(Flow.FLOWING),
    "Bob acknowledges one": Act(lambda w: w.bob.owes, lambda w: w.bob.catch_up(1)),
    "Bob listens": Act(
        lambda w: w.bob.is_connected and w.room.channel not in w.bob.followed,
        lambda w: w.bob.subscribe(w.room.channel, ROOM_EVENTS),
    ),
    "Bob listens no more": Act(
        lambda w: w.bob.is_connected and bool(w.bob.followed.get(w.room.channel)),
        lambda w: w.bob.unsubscribe(w.room.channel, ROOM_EVENTS),
    ),
    "30 ms pass": Act(lambda w: True, lambda w: w.wait(30 * MS)),
}
"""All calls and faults of the search."""

Path = tuple[str, ...]


class Broken(Exception):
    """A sequence after which something does not hold."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        steps = "".join(f"\n  {number}. {name}" for number, name in enumerate(path, 1))
        super().__init__(f"after{steps}\n" + "\n".join(map(str, problems)))


class Found(NamedTuple):
    """What a search came to: how many states there are, and steps between them, up to a depth."""

    states: list[int]
    """New ones at each depth, from 0."""
    sequences: int

    def __str__(self) -> str:
        return (
            f"depth {len(self.states) - 1}: {sum(self.states)} states "
            f"({', '.join(map(str, self.states))} new at each depth), "
            f"{self.sequences} sequences played: all holds in each"
        )


def search(depth: int) -> Found:
    """Play every sequence up to a depth; those that lead to a known state are not gone on with.

    Raises:
        Broken: something does not hold; no shorter sequence breaks anything.
    """
    known: set[Hashable] = set()
    paths: list[Path] = [()]
    states, sequences = [], -1
    for _ in range(depth + 1):
        edge: list[tuple[Path, list[str]]] = []
        for path in paths:
            sequences += 1
            world = _played(path)
            state = world.state()
            if state not in known:
                known.add(state)
                edge.append((path, [name for name, act in ACTS.items() if act.can(world)]))
                world.come_to_rest()
                _check(world, path, at_rest=True)
        states.append(len(edge))
        paths = [(*path, name) for path, names in edge for name in names]
    return Found(states, sequences)


def _played(path: Path) -> SmallWorld:
    world = SmallWorld()
    for name in path:
        ACTS[name].do(world)
        world.tick()
    _check(world, path, at_rest=False)
    return world


def _check(world: SmallWorld, path: Path, *, at_rest: bool) -> None:
    if problems := world.problems(at_rest=at_rest):
        raise Broken(path, problems)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.simulation.search", description=__doc__
    )
    parser.add_argument("--depth", type=int, default=6, help="length of the sequences (6)")
    try:
        print(search(parser.parse_args().depth))
    except Broken as broken:
        print(broken)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Random worlds: whatever clients, people and the service do, no rule of the contract is broken.

Two spaces with clients of all manners; every step is followed by a judgement of all rules, so that
what hypothesis shrinks a failure to is the step that broke it.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockserver import contract
from mockserver.engine import Media, RoomSession, Space
from mockserver.protocol.errors import AuthenticationFailed, ProtocolError, Refusal
from mockserver.protocol.lifecycles import LIFECYCLES, RECORDING

from .harness import MS, ROOM_EVENTS, Client, Event, S, TestScript, World, violations

PROJECTS = ("p", "q")
NOWHERE = "00000000-0000-4000-8000-000000000000"
EVENT_TYPES = ("video.room.started", "video.room.subscribed", *ROOM_EVENTS)
PLANNABLE = (
    "signalwire.connect",
    "signalwire.subscribe",
    "signalwire.unsubscribe",
    "video.rooms.get",
    "video.room.get",
    "video.recording.list",
    "video.recording.start",
    *(f"video.recording.{verb}" for verb in RECORDING.verbs),
)
BAD_FRAMES = (
    b"nonsense",
    b"[]",
    b"{}",
    b'{"jsonrpc":"2.0","id":"bad","method":"video.rooms.gte","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad","method":"video.room.get","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad","method":"video.rooms.get"}',
    b'{"jsonrpc":"2.0","id":"bad"}',
    b'{"jsonrpc":"2.0","id":["bad"],"method":"video.rooms.get","params":{}}',
    b'{"jsonrpc":"2.0","id":"bad","result":7}',
    b'{"jsonrpc":"2.0","id":"nobody asked","result":{}}',
)
REPLACEMENTS = (
    Refusal("403", "not now"),
    Refusal("500", "broken"),
    ProtocolError("failed"),
    AuthenticationFailed(),
)

which = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 13])
some_events = st.just(list(EVENT_TYPES)) | st.lists(st.sampled_from(EVENT_TYPES), max_size=6)
projects = st.sampled_from(PROJECTS)


class Worlds(RuleBasedStateMachine):
    """What may happen, one method each.

    ``which`` picks one of what there is, the newest by preference: what was begun shall go on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = World(latency_us=30 * MS)
        self.clients: list[Client] = []
        self.witnesses: dict[str, Client] = {}
        self.travellers: dict[str, Client] = {}
        self.followed: set[str] = set()
        self.started: dict[str, list[RoomSession]] = {project: [] for project in PROJECTS}
        self.misbehaved = False
        self.bad_frames = 0

    @initialize()
    def it_begins(self) -> None:
        """In each space one client hears everything, and another does so on a poor connection."""
        for project in PROJECTS:
            for place in (self.witnesses, self.travellers):
                place[project] = client = self.world.connected(project)
                self.script(project).immune.add(client.session.name)
                client.subscribe("video.rooms", "video.room.started")
            self.a_room_starts(project, members=2, named=True)

    # Picking

    def space(self, project: str) -> Space:
        return self.world.gate.spaces[project]

    def script(self, project: str) -> TestScript:
        script = self.space(project).script
        assert isinstance(script, TestScript)
        return script

    def client(self, number: int) -> Client:
        return self.clients[-1 - number % len(self.clients)]

    def room(self, client: Client, number: int) -> str:
        """The id of a room session that there is or was, of the client's space or another."""
        known = [*(room.id for room in self.rooms_for(client)), NOWHERE]
        return known[number % len(known)]

    def rooms_for(self, client: Client) -> list[RoomSession]:
        """All rooms of the client's space that there are or were, and one of the other's."""
        (other,) = (project for project in PROJECTS if project != client.project)
        return [*reversed(self.started[client.project]), *self.started[other][:1]]

    def channel(self, client: Client, number: int) -> str:
        known = [room.channel for room in self.rooms_for(client)]
        known = [*known[:1], "video.rooms", *known[1:], "room.nowhere"]
        return known[number % len(known)]

    def running(self, project: str, number: int) -> RoomSession:
        rooms = list(self.space(project).rooms.values())
        return rooms[-1 - number % len(rooms)]

    @staticmethod
    def is_connected(client: Client) -> bool:
        return not client.is_closed() and client.connection.session is not None

    # Connections

    @rule(project=projects, how=st.sampled_from(["lose", "drop", "disconnect", "stay"]))
    def a_traveller_loses_its_connection(self, project: str, how: str) -> None:
        """And comes back some time later, or resumes without having lost anything."""
        traveller = self.travellers[project]
        if how == "lose" and not traveller.is_closed():
            traveller.lose()
        elif how == "drop" and self.is_connected(traveller):
            self.world.do(self.space(project).drop, traveller.session)
        elif how == "disconnect" and self.is_connected(traveller):
            self.world.do(self.space(project).disconnect, traveller.session)
        elif how == "stay":
            self.resume(traveller)

    @rule(project=projects)
    def a_traveller_comes_back(self, project: str) -> None:
        if self.travellers[project].is_closed():
            self.resume(self.travellers[project])

    @rule(project=projects, replies=st.booleans())
    def somebody_comes(self, project: str, replies: bool) -> None:
        if len(self.clients) < 5:
            client = self.world.client(project, replies=replies)
            self.clients.append(client)
            self.connect(client, None)

    def connect(self, client: Client, protocol: str | None) -> None:
        answer = client.answer_to(
            client.call("signalwire.connect", **client.connect_params(protocol))
        )
        if answer is not None:
            client.note_connected(answer)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_connection_is_lost(self, number: int) -> None:
        self.client(number).lose()

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def the_service_drops_a_connection(self, number: int) -> None:
        client = self.client(number)
        if self.is_connected(client):
            self.world.do(self.space(client.project).drop, client.session)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_resumes(self, number: int) -> None:
        """Whether its connection was lost or not."""
        self.resume(self.client(number))

    def resume(self, client: Client) -> None:
        client.open()
        self.connect(client, client.protocol)

    @precondition(lambda self: self.clients)
    @rule(number=which, other=which)
    def a_client_connects_with_another_protocol(self, number: int, other: int) -> None:
        client = self.client(number)
        client.open()
        self.connect(client, self.client(other).protocol)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_connects_again_on_its_connection(self, number: int) -> None:
        client = self.client(number)
        if not client.is_closed():
            self.connect(client, client.protocol)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def the_service_disconnects_a_session(self, number: int) -> None:
        client = self.client(number)
        if self.is_connected(client):
            self.world.do(self.space(client.project).disconnect, client.session)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def the_service_pings(self, number: int) -> None:
        client = self.client(number)
        if self.is_connected(client):
            self.world.do(self.space(client.project).ping, client.session)

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_session_that_is_away_is_forgotten(self, number: int) -> None:
        client = self.client(number)
        session = self.space(client.project).sessions.get(client.protocol or "")
        if session is not None and session.connection is None:
            self.space(client.project).forget(session)

    # Calls

    @precondition(lambda self: self.clients)
    @rule(
        number=which,
        channel=which,
        events=some_events,
        initial=st.booleans(),
        verb=st.sampled_from(["subscribe", "subscribe", "unsubscribe"]),
    )
    def a_client_changes_its_subscriptions(
        self, number: int, channel: int, events: list[str], initial: bool, verb: str
    ) -> None:
        client = self.client(number)
        if not client.is_closed():
            client.call(
                f"signalwire.{verb}",
                event_channel=self.channel(client, channel),
                events=events,
                get_initial_state=initial,
            )

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_listens_to_all_there_is(self, number: int) -> None:
        client = self.client(number)
        if self.is_connected(client):
            rooms = self.space(client.project).rooms.values()
            for channel in ("video.rooms", *(room.channel for room in rooms)):
                client.call(
                    "signalwire.subscribe",
                    event_channel=channel,
                    events=list(EVENT_TYPES),
                    get_initial_state=True,
                )

    @precondition(lambda self: self.clients)
    @rule(
        number=which,
        room=which,
        method=st.sampled_from(["room.get", "members.get", "recording.list", "recording.start"]),
    )
    def a_client_asks_about_a_room(self, number: int, room: int, method: str) -> None:
        client = self.client(number)
        if not client.is_closed():
            client.call(f"video.{method}", room_session_id=self.room(client, room))

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_asks_which_rooms_there_are(self, number: int) -> None:
        client = self.client(number)
        if not client.is_closed():
            client.call("video.rooms.get")

    @precondition(lambda self: self.clients and any(self.started.values()))
    @rule(number=which, room=which, recording=which, verb=st.sampled_from(RECORDING.verbs))
    def a_client_acts_on_a_recording(
        self, number: int, room: int, recording: int, verb: str
    ) -> None:
        """Any verb in any state; what is done and answered is what the table says."""
        client = self.client(number)
        if client.is_closed():
            return
        room_id = self.room(client, room)
        media = self.media(client.project, room_id)
        target = [*reversed(media), None][recording % (len(media) + 1)]
        if target is None or target.has_ended:
            self.misbehaved = True
        state = target.state if target is not None else ""
        known = target is not None and room_id in self.space(client.project).rooms
        answer = client.answer_to(
            client.call(
                f"video.recording.{verb}",
                room_session_id=room_id,
                recording_id=target.id if target is not None else NOWHERE,
            )
        )
        if answer is None or "error" in answer or answer["result"]["code"] in ("403", "500"):
            return
        if target is None or not known:
            assert answer["result"]["code"] == "404"
        elif (move := LIFECYCLES["recording"].move(state, verb)) is None:
            assert answer["result"]["code"] == "409"
            assert target.state == state
        else:
            assert answer["result"]["code"] == "200"
            assert target.state == move.state

    def media(self, project: str, room_id: str) -> list[Media]:
        rooms = [room for room in self.started[project] if room.id == room_id]
        return [media for room in rooms for media in room.media["recording"].values()]

    @precondition(lambda self: self.clients)
    @rule(number=which, data=st.sampled_from(BAD_FRAMES))
    def a_client_sends_what_is_no_frame(self, number: int, data: bytes) -> None:
        client = self.client(number)
        if not client.is_closed():
            self.misbehaved = True
            self.bad_frames += 1
            client.send(data.replace(b'"bad"', b'"bad %d"' % self.bad_frames))

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_acknowledges_twice(self, number: int) -> None:
        client = self.client(number)
        if not client.is_closed() and client.event_frames:
            self.misbehaved = True
            client.send({"jsonrpc": "2.0", "id": client.event_frames[-1]["id"], "result": {}})

    # People and the service

    @rule(project=projects, members=st.integers(min_value=1, max_value=3), named=st.booleans())
    def a_room_starts(self, project: str, members: int, named: bool) -> None:
        space = self.space(project)
        if len(self.started[project]) >= 6:
            return
        name = "lobby" if named and "lobby" not in {r.name for r in space.rooms.values()} else None
        room = self.world.do(space.start_room, name, members=members)
        self.started[project].append(room)
        self.witnesses[project].follow(room)
        if self.is_connected(self.travellers[project]):
            self.travellers[project].follow(room)
            self.followed.add(room.id)

    def any_room(self, project: str) -> bool:
        return bool(self.space(project).rooms)

    @rule(project=projects, number=which)
    def a_room_ends(self, project: str, number: int) -> None:
        if self.any_room(project):
            self.world.do(self.space(project).end_room, self.running(project, number))

    @rule(project=projects, number=which)
    def somebody_joins(self, project: str, number: int) -> None:
        if self.any_room(project):
            self.world.do(self.space(project).join, self.running(project, number))

    @rule(project=projects, number=which, member=which)
    def somebody_leaves(self, project: str, number: int, member: int) -> None:
        if self.any_room(project):
            room = self.running(project, number)
            members = list(room.members.values())
            self.world.do(self.space(project).leave, room, members[member % len(members)])

    @rule(project=projects, number=which)
    def the_service_starts_a_recording(self, project: str, number: int) -> None:
        if self.any_room(project):
            room = self.running(project, number)
            self.world.do(self.space(project).start_media, room, "recording")

    @rule(project=projects, number=which, verb=st.sampled_from(RECORDING.verbs))
    def the_service_acts_on_a_recording(self, project: str, number: int, verb: str) -> None:
        if not self.any_room(project):
            return
        room = self.running(project, number)
        for media in room.running("recording")[-1:]:
            if RECORDING.move(media.state, verb) is not None:
                self.world.do(self.space(project).act, room, media, verb)

    @rule(
        project=projects,
        method=st.sampled_from(PLANNABLE),
        instead=st.none() | st.sampled_from(REPLACEMENTS),
        delay_us=st.sampled_from([0, 0, MS, 30 * MS, 2 * S]),
        after_events=st.booleans(),
    )
    def the_next_answer_is_another(
        self, project: str, method: str, instead: ProtocolError | Refusal | None, **how: Any
    ) -> None:
        if method == "signalwire.connect" and isinstance(instead, Refusal):
            # Not of this world: clients do not look at the code of an answer to connect.
            return
        self.script(project).plan(method, instead=instead, **how)

    @rule(project=projects, latency_us=st.sampled_from([0, 1, 30 * MS, 500 * MS, 5 * S]))
    def the_latency_changes(self, project: str, latency_us: int) -> None:
        self.space(project).latency_us = latency_us

    @rule(us=st.sampled_from([0, 1, MS, 29 * MS, 30 * MS, S, 10 * S, 3_600 * S]))
    def time_passes(self, us: int) -> None:
        self.world.wait(us)

    # What holds

    @invariant()
    def no_rule_is_broken(self) -> None:
        rules = [each for each in contract.RULES if each.party != "client" or not self.misbehaved]
        assert self.world.violations(rules, strays=False) == []

    @invariant()
    def every_event_reaches_its_witness_in_order(self) -> None:
        for project, witness in self.witnesses.items():
            made = self.script(project).happened
            heard = [
                (event, params.get("room_session_id", ""))
                for event, params in witness.events
                if event != "video.room.subscribed"
            ]
            made = [each for each in made if each[0] != "video.room.subscribed"]
            assert heard == made[: len(heard)]
            assert not witness.is_closed()

    @invariant()
    def a_traveller_hears_what_its_witness_hears(self) -> None:
        """In the same order, sooner or later, and nothing twice."""
        for project, traveller in self.travellers.items():
            expected = self.expected_of_travellers(project)
            heard = traveller.events
            assert heard == expected[: len(heard)]
            if self.is_connected(traveller):
                assert len(heard) == len(expected)

    def expected_of_travellers(self, project: str) -> list[Event]:
        return [
            (event, params)
            for event, params in self.witnesses[project].events
            if event == "video.room.started" or params["room_session_id"] in self.followed
        ]

    @invariant()
    def what_the_spaces_hold_is_consistent(self) -> None:
        for space in self.world.gate:
            for session in space.sessions.values():
                connection = session.connection
                assert connection is None or connection.session is session
            for room in space.rooms.values():
                assert room.members
                assert not room.ended
            for rooms in self.started.values():
                for room in rooms:
                    assert not (room.ended and room.running("recording"))

    def teardown(self) -> None:
        """At rest, everything has been told; and nothing was told in two spaces."""
        self.world.settle()
        for project, traveller in self.travellers.items():
            while not self.is_connected(traveller):
                self.resume(traveller)
                self.world.settle()
            assert traveller.events == self.expected_of_travellers(project)
        self.no_rule_is_broken()
        assert self.world.violations() == []
        for project, witness in self.witnesses.items():
            made = [each for each, _ in self.script(project).happened]
            assert witness.event_types == [e for e in made if e != "video.room.subscribed"]
        assert violations(self.world.everything()) == []
        assert all(client.connection.outbox == [] for client in self.world.clients)


PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
EXAMPLES = {"ci": 100, "dev": 40}

Worlds.TestCase.settings = settings(
    max_examples=EXAMPLES.get(PROFILE, EXAMPLES["dev"]),
    stateful_step_count=50,
    deadline=None,
    derandomize=PROFILE == "ci",
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
TestRandomWorlds = Worlds.TestCase

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

from mockserver import contract, schemas
from mockserver.engine import Activity, RoomSession, Space, Video
from mockserver.engine.video.actions import ROOM_ACTIONS
from mockserver.engine.video.properties import EVERYBODY
from mockserver.protocol import catalogue
from mockserver.protocol.errors import AuthenticationFailed, ProtocolError, Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from .harness import MS, ROOM_EVENTS, Client, Event, Frame, S, TestScript, World, violations

PROJECTS = ("p", "q")
NOWHERE = "00000000-0000-4000-8000-000000000000"
EVENT_TYPES = ("video.room.started", "video.room.subscribed", *ROOM_EVENTS)
PLANNABLE = (
    "signalwire.connect",
    "signalwire.subscribe",
    "signalwire.unsubscribe",
    "video.rooms.get",
    "video.room.get",
    "video.lock",
    "video.set_layout",
    "video.member.audio_mute",
    "video.member.remove",
    *(
        f"video.{kind}.{verb}"
        for kind, table in LIFECYCLES.items()
        for verb in ("list", "start", *table.verbs)
    ),
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

# What calls and actions are given, by the names of their params and arguments; all of it is valid.
PLACES = ("standard-1", "standard-2", "auto", "off-canvas", "reserved-1", "playback")
MOMENTS = (0, 5_000, 90_000, 10**7)
VALUES: dict[str, tuple[Any, ...]] = {
    "volume": (-10, 0, 50),
    "value": (30, 0, 100),
    "enable": (True, False),
    "meta": ({}, {"topic": "standup"}, {"n": [1]}),
    "keys": (["topic"], ["n"], []),
    "url": ("https://example.com/tune.mp3", "rtmp://example.com/live"),
    "length_us": (10 * S, 0, 3_600 * S),
    "seek_position": MOMENTS,
    "name": ("2x2", "1x1", "grid-responsive", "nowhere"),
    "layout": ("2x2", "1x1", "grid-responsive", "nowhere"),
    "count": (0, 1, 7),
    "join_audio_muted": (True, False),
    "join_video_muted": (True, False),
    "as": ("first", "second"),
}

MEDIA_METHODS = {
    f"video.{kind}.{verb}" for kind, table in LIFECYCLES.items() for verb in table.verbs
}
ROOM_METHODS = {
    method
    for method in catalogue.CLIENT_CALLS - MEDIA_METHODS
    if "room_session_id" in schemas.load(f"calls/{method}").get("required", ())
}
MEMBER_METHODS = {each for each in ROOM_METHODS if each.startswith("video.member.")}
MEDIA_ACTIONS = {
    verb
    for verb in ROOM_ACTIONS
    if schemas.load(f"actions/{verb}")["properties"].keys() & {*LIFECYCLES, "as"}
}
PEOPLE_ACTIONS = {
    verb
    for verb in ROOM_ACTIONS.keys() - MEDIA_ACTIONS
    if "name" in schemas.load(f"actions/{verb}")["properties"]
}

ROOM_WIDE_ACTIONS = sorted(ROOM_ACTIONS.keys() - MEDIA_ACTIONS - PEOPLE_ACTIONS - {"end_room"})

which = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 13])
Choice = tuple[str, int, int]
"""A call or an action, whom or what it concerns, and the number that decides its values."""


def some(verbs: list[str]) -> st.SearchStrategy[list[Choice]]:
    """A few of them, one after the other."""
    each = st.tuples(st.sampled_from(verbs), which, st.integers(min_value=0, max_value=999))
    return st.lists(each, min_size=1, max_size=6)


some_events = st.just(list(EVENT_TYPES)) | st.lists(st.sampled_from(EVENT_TYPES), max_size=6)
projects = st.sampled_from(PROJECTS)


def chosen(schema: str, number: int, given: dict[str, Any]) -> dict[str, Any]:
    """Params or arguments by a schema, besides those that are given; what is optional may lack."""
    description = schemas.load(schema)
    chosen = dict(given)
    open_names = description["properties"].keys() - given.keys()
    for name in sorted(open_names & {*VALUES, "length", "position"}):
        number, pick = divmod(number * 7 + len(name), 5)
        if pick == 4 and name not in description.get("required", ()):
            continue
        if name == "position":
            options: tuple[Any, ...] = MOMENTS if "playback" in schema else PLACES
        else:
            options = VALUES["length_us" if name == "length" else name]
        chosen["length_us" if name == "length" else name] = options[pick % len(options)]
    return chosen


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
            self.somebody_comes(project, replies=True)

    # Picking

    def space(self, project: str) -> Space:
        return self.world.gate.spaces[project]

    def video(self, project: str) -> Video:
        return Video.of(self.space(project))

    def script(self, project: str) -> TestScript:
        script = self.space(project).script
        assert isinstance(script, TestScript)
        return script

    def client(self, number: int) -> Client:
        return self.clients[-1 - number % len(self.clients)]

    def talker(self, number: int) -> Client | None:
        """One that is connected, of those there are."""
        connected = [each for each in reversed(self.clients) if self.is_connected(each)]
        return connected[number % len(connected)] if connected else None

    def room(self, client: Client, number: int) -> str:
        """The id of a room session that there is or was, of the client's space or another."""
        known = [*(room.id for room in self.rooms_for(client)), NOWHERE]
        return known[number % len(known) if number > 2 else 0]

    def rooms_for(self, client: Client) -> list[RoomSession]:
        """All rooms of the client's space, those that run first, and one of the other's."""
        (other,) = (project for project in PROJECTS if project != client.project)
        own = sorted(self.started[client.project], key=lambda room: not room.ended)
        return [*reversed(own), *self.started[other][:1]]

    def channel(self, client: Client, number: int) -> str:
        known = [room.channel for room in self.rooms_for(client)]
        known = [*known[:1], "video.rooms", *known[1:], "room.nowhere"]
        return known[number % len(known)]

    def running(self, project: str, number: int) -> RoomSession:
        rooms = list(self.video(project).rooms.values())
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
            rooms = self.video(client.project).rooms.values()
            for channel in ("video.rooms", *(room.channel for room in rooms)):
                client.call(
                    "signalwire.subscribe",
                    event_channel=channel,
                    events=list(EVENT_TYPES),
                    get_initial_state=True,
                )

    @precondition(lambda self: self.clients)
    @rule(number=which, room=which, calls=some(sorted(ROOM_METHODS - MEMBER_METHODS)))
    def a_client_calls_for_a_room(self, number: int, room: int, calls: list[Choice]) -> None:
        for method, member, value in calls:
            if (client := self.talker(number)) is None:
                return
            room_id = self.room(client, room)
            given: dict[str, Any] = {"room_session_id": room_id}
            if "positions" in schemas.load(f"calls/{method}")["properties"]:
                whom = self.whom(client.project, room_id)
                given["positions"] = {whom[member % len(whom)]: PLACES[value % len(PLACES)]}
            self.ask(client, method, chosen(f"calls/{method}", value, given))

    @precondition(lambda self: self.clients)
    @rule(number=which, room=which, calls=some(sorted(MEMBER_METHODS)))
    def a_client_calls_for_members(self, number: int, room: int, calls: list[Choice]) -> None:
        for method, member, value in calls:
            if (client := self.talker(number)) is None:
                return
            room_id = self.room(client, room)
            whom = self.whom(client.project, room_id)
            given = {"room_session_id": room_id, "member_id": whom[member % len(whom)]}
            self.ask(client, method, chosen(f"calls/{method}", value, given))

    def whom(self, project: str, room_id: str) -> list[str]:
        """Whom a call may name: members, the audience, nobody, all."""
        rooms = [room for room in self.started[project] if room.id == room_id]
        members = [each for room in rooms for each in (*room.members, *room.audience)]
        return [*members, NOWHERE, EVERYBODY]

    def ask(self, client: Client, method: str, params: dict[str, Any]) -> Frame | None:
        """The answer to a call, when it is answered at once; a refused one has no effect."""
        happened = self.script(client.project).happened
        before = len(happened)
        answer = client.answer_to(client.call(method, **params))
        if answer is None or self.is_replaced(answer):
            return None
        assert "result" in answer, answer
        assert answer["result"]["code"] in ("200", "404", "409")
        assert answer["result"]["code"] == "200" or len(happened) == before
        return answer

    @staticmethod
    def is_replaced(answer: Frame) -> bool:
        """Whether an answer is one of the replacements, or one to a client without a session."""
        if "error" in answer:
            return answer["error"]["code"] in (-32603, -32002)
        return answer["result"]["code"] in ("403", "500")

    @precondition(lambda self: self.clients)
    @rule(number=which)
    def a_client_asks_which_rooms_there_are(self, number: int) -> None:
        client = self.client(number)
        if not client.is_closed():
            client.call("video.rooms.get")

    @precondition(lambda self: self.clients)
    @rule(number=which, room=which, calls=some(sorted(MEDIA_METHODS)))
    def a_client_acts_on_media(self, number: int, room: int, calls: list[Choice]) -> None:
        for method, media, value in calls:
            if (client := self.talker(number)) is not None:
                self.act_on_media(client, room, method, media, value)

    def act_on_media(self, client: Client, room: int, method: str, media: int, value: int) -> None:
        """Any verb in any state; what is done and answered is what the table says."""
        _, kind, verb = method.split(".")
        room_id = self.room(client, room)
        there = self.media(client.project, room_id, kind)
        if not there and value % 4:
            method = f"video.{kind}.start"
            self.ask(client, method, chosen(f"calls/{method}", value, {"room_session_id": room_id}))
            return
        target = [*reversed(there), None][media % (len(there) + 1)]
        if target is None or target.has_ended:
            self.misbehaved = True
        state = target.state if target is not None else ""
        known = target is not None and room_id in self.video(client.project).rooms
        given = {
            "room_session_id": room_id,
            f"{kind}_id": target.id if target is not None else NOWHERE,
        }
        answer = self.ask(client, method, chosen(f"calls/{method}", value, given))
        if answer is None:
            return
        if target is None or not known:
            assert answer["result"]["code"] == "404"
        elif (transition := LIFECYCLES[kind].transition(state, verb)) is None or (
            verb.startswith("seek") and not getattr(target, "seekable", False)
        ):
            assert answer["result"]["code"] == "409"
            assert target.state == state
        else:
            assert answer["result"]["code"] == "200"
            ended_now = target.has_ended and target.ended_at == self.world.clock.now()
            assert target.state == transition.state or (kind == "playback" and ended_now)

    def media(self, project: str, room_id: str, kind: str) -> list[Activity]:
        rooms = [room for room in self.started[project] if room.id == room_id]
        return [media for room in rooms for media in room.activities[kind].values()]

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
        video = self.video(project)
        if len(self.started[project]) >= 6:
            return
        name = "lobby" if named and "lobby" not in {r.name for r in video.rooms.values()} else None
        room = self.world.do(video.start_room, name, members=members)
        self.started[project].append(room)
        self.witnesses[project].follow(room)
        if self.is_connected(self.travellers[project]):
            self.travellers[project].follow(room)
            self.followed.add(room.id)

    def any_room(self, project: str) -> bool:
        return bool(self.video(project).rooms)

    @rule(project=projects, number=which)
    def a_room_ends(self, project: str, number: int) -> None:
        if self.any_room(project):
            self.world.do(self.video(project).end_room, self.running(project, number))

    @rule(project=projects, number=which, acts=some(["join", "leave", *sorted(PEOPLE_ACTIONS)]))
    def somebody_does_something(self, project: str, number: int, acts: list[Choice]) -> None:
        for verb, who, value in acts if self.any_room(project) else ():
            room = self.running(project, number)
            people = [*room.members.values(), *room.audience.values()]
            names = [None, *(each.name for each in people), *(each.id for each in people), "Zoe"]
            names.append(EVERYBODY)
            if not self.perform(project, room, verb, value, {"name": names[who % len(names)]}):
                return

    @rule(project=projects, number=which, acts=some(sorted(MEDIA_ACTIONS)))
    def the_service_acts_on_media(self, project: str, number: int, acts: list[Choice]) -> None:
        for verb, media, value in acts if self.any_room(project) else ():
            room = self.running(project, number)
            given = {}
            for kind in LIFECYCLES.keys() & schemas.load(f"actions/{verb}")["properties"].keys():
                if not room.running(kind) and value % 4:
                    verb = f"start_{kind}"
                    break
                there = [None, *reversed(room.activities[kind]), "first", NOWHERE]
                given[kind] = there[media % len(there)]
            self.perform(project, room, verb, value, given)

    @rule(project=projects, number=which, acts=some(ROOM_WIDE_ACTIONS))
    def the_service_sets_a_room(self, project: str, number: int, acts: list[Choice]) -> None:
        for verb, _, value in acts if self.any_room(project) else ():
            self.perform(project, self.running(project, number), verb, value, {})

    def perform(
        self, project: str, room: RoomSession, verb: str, value: int, given: dict[str, Any]
    ) -> bool:
        """Do it, or be refused without any effect; says whether the room still runs."""
        happened = self.script(project).happened
        before = len(happened)
        arguments = chosen(f"actions/{verb}", value, given)
        try:
            self.world.do(ROOM_ACTIONS[verb], self.video(project), room, arguments)
        except Refusal:
            assert len(happened) == before
        return not room.ended

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
            for room in Video.of(space).rooms.values():
                assert room.members or room.audience
                assert not room.members.keys() & room.audience.keys()
                assert not room.ended
                for media in room.running("playback"):
                    end = media.ends_by_itself_at()
                    assert end is None or end > self.world.clock.now()
            for rooms in self.started.values():
                for room in rooms:
                    assert not (room.ended and any(room.running(kind) for kind in LIFECYCLES))

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

"""Who gets in, and into which space: connect first, credentials, scenario tokens, restarts."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Gate, Grant, Script, Video
from mockserver.protocol.errors import AuthenticationFailed, ProtocolError

from .harness import MakeWorld, S, TestScript, World, WorldSpaces

REFUSED = -32002


def scripts(name: str, scenario: str | None) -> Script:
    """As a server does it: known scenarios by name, its own choice for None."""
    if scenario not in (None, "one", "two"):
        raise LookupError(f'unknown scenario "{scenario}"; known: one, two')
    script = TestScript()
    script.name = scenario or "default"
    return script


def error_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert "error" in answer, answer
    error: dict[str, Any] = answer["error"]
    return error


# Connect first


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("video.rooms.get", {}),
        ("signalwire.ping", {"timestamp": 1}),
        ("signalwire.subscribe", {"event_channel": "video.rooms", "events": []}),
    ],
)
def test_nothing_is_served_before_connect(
    world: World, method: str, params: dict[str, Any]
) -> None:
    client = world.client()
    error = client.error(method, **params)
    assert error["code"] == REFUSED
    assert "signalwire.connect" in error["message"]
    assert list(world.gate) == []
    assert not client.is_closed()
    assert "result" in client.connect()


def test_a_wrong_call_before_connect_says_first_what_is_wrong_with_it(world: World) -> None:
    assert world.client().error("video.room.get")["code"] == -32602
    assert world.client().error("video.rooms.gte")["code"] == -32601


def test_connect_tells_who_one_is_and_how_to_resume(world: World) -> None:
    client = world.client("my_project")
    result = client.connect()["result"]
    signature = result["authorization"]["signature"]
    assert result["protocol"].split("_")[:2] == ["signalwire", signature]
    assert result["protocol"].endswith("_my_project")
    assert result["identity"]
    assert len(client.frames) == 1


def test_a_second_connect_on_a_connection_is_an_error_and_changes_nothing(world: World) -> None:
    client = world.connected()
    session = client.session
    error = error_of(client.connect())
    assert error["code"] == -32600
    assert session.identity in error["message"]
    assert error_of(client.connect(client.protocol))["code"] == -32600
    assert client.session is session
    assert list(world.space.sessions.values()) == [session]
    assert client.result("video.rooms.get")["code"] == "200"


def test_sessions_are_numbered_in_the_order_of_connecting(world: World) -> None:
    clients = [world.connected() for _ in range(3)]
    assert [client.session.name for client in clients] == ["s1", "s2", "s3"]
    assert len({client.protocol for client in clients}) == 3
    assert len({client.session.identity for client in clients}) == 3


# Credentials


@pytest.mark.parametrize(
    "authentication",
    [
        {"project": "p", "token": "wrong"},
        {"project": "p", "token": ""},
        {"project": "other", "token": "secret"},
        {"project": "", "token": "secret"},
        {"project": "p", "jwt_token": "secret"},
        {"jwt_token": "secret"},
    ],
)
def test_wrong_credentials_are_refused(
    make_world: MakeWorld, authentication: dict[str, str]
) -> None:
    world = make_world(credentials={"p": "secret"})
    client = world.client()
    error = error_of(client.connect(authentication=authentication))
    assert error["code"] == REFUSED
    assert "401 Unauthorized" in error["message"]
    assert list(world.gate) == []
    assert client.error("video.rooms.get")["code"] == REFUSED


def test_the_right_ones_are_accepted_also_after_wrong_ones(make_world: MakeWorld) -> None:
    world = make_world(credentials={"p": "secret"})
    client = world.client()
    error_of(client.connect(authentication={"project": "p", "token": "wrong"}))
    assert "result" in client.connect(authentication={"project": "p", "token": "secret"})


def test_without_credentials_anybody_comes_in(world: World) -> None:
    for authentication in ({"project": "x", "token": "y"}, {"jwt_token": "z"}):
        assert "result" in world.client().connect(authentication=authentication)
    assert set(world.gate.spaces) == {"x", "default"}


def test_a_refused_resume_leaves_the_session_alone(make_world: MakeWorld) -> None:
    world = make_world(credentials={"p": "secret"})
    client = world.connected(token="secret")
    thief = world.client(token="guessed")
    assert error_of(thief.connect(client.protocol))["code"] == REFUSED
    assert not client.is_closed()
    assert client.result("video.rooms.get")["code"] == "200"


# Spaces


def test_a_project_is_a_space_and_a_path_overrules_it(world: World) -> None:
    one, two = world.connected("p"), world.connected("q")
    third, fourth = world.connected("p", space_name="x"), world.connected("q", space_name="x")
    assert one.session.space is not two.session.space
    assert third.session.space is fourth.session.space is world.gate.spaces["x"]
    assert third.session.project == "p"
    assert set(world.gate.spaces) == {"p", "q", "x"}


def test_spaces_share_nothing(world: World) -> None:
    one, two = world.connected("p"), world.connected("q")
    for client in (one, two):
        client.subscribe("video.rooms", "video.room.started")
    world.do(Video.of(world.gate.spaces["p"]).start_room, "lobby")
    world.settle()
    assert one.event_types == ["video.room.started"]
    assert two.events == []


def test_a_script_begins_once_with_its_first_client(world: World) -> None:
    world.connected()
    world.wait(S)
    world.connected()
    assert world.script.begun == 1


# Scenario tokens


def test_a_token_names_the_script_of_a_new_space(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    world.connected("p", token="scenario:one")
    world.connected("q", token="scenario:two")
    world.connected("r", token="anything")
    names = {name: space.script.name for name, space in world.gate.spaces.items()}
    assert names == {"p": "one", "q": "two", "r": "default"}


def test_an_unknown_scenario_is_refused_and_made_nothing_of(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    client = world.client(token="scenario:three")
    error = error_of(client.connect())
    assert error["code"] == REFUSED
    assert 'unknown scenario "three"; known: one, two' in error["message"]
    assert list(world.gate) == []
    assert "result" in client.connect(authentication={"project": "p", "token": "scenario:two"})


def test_another_scenario_is_refused_while_others_are_there(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    first = world.connected(token="scenario:one")
    error = error_of(world.client(token="scenario:two").connect())
    assert error["code"] == REFUSED
    assert all(word in error["message"] for word in ('"one"', '"two"', '"p"', "/space/"))
    assert "result" in world.client(token="scenario:one").connect()
    assert "result" in world.client(token="plain").connect()
    assert not first.is_closed()
    assert world.space.script.name == "one"


def test_another_scenario_begins_when_nobody_is_there(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    world.connected(token="scenario:one").lose()
    world.connected(token="scenario:two")
    assert world.space.script.name == "two"


def test_an_unknown_scenario_does_not_end_the_one_that_is_there(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    client = world.connected(token="scenario:one")
    space = world.space
    client.lose()
    assert error_of(world.client(token="scenario:three").connect())["code"] == REFUSED
    assert world.space is space
    assert "result" in client.resume()


@pytest.mark.parametrize("token", ["t", "scenario:one"])
def test_a_script_that_was_played_begins_again_for_the_next_client(
    make_world: MakeWorld, token: str
) -> None:
    world = make_world(script=scripts)
    world.connected(token=token).lose()
    first = world.space
    world.connected(token=token).lose()
    assert world.space is first, "not played yet: no reason to begin again"
    world.script.spent = True
    world.connected(token=token)
    assert world.space is not first
    assert world.space.script is not first.script
    assert world.script.begun == 1


def test_a_script_that_was_played_goes_on_while_somebody_is_there(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    world.connected()
    world.script.spent = True
    space = world.space
    world.connected()
    assert world.space is space


def test_who_resumes_comes_back_to_a_script_that_was_played(make_world: MakeWorld) -> None:
    world = make_world(script=scripts)
    client = world.connected(token="scenario:one")
    world.script.spent = True
    session = client.session
    client.lose()
    client.resume()
    assert client.session is session


def test_a_session_of_the_play_before_cannot_take_over_one_of_the_next(
    make_world: MakeWorld,
) -> None:
    """Generations repeat each other, but which session a protocol names must stay clear."""
    world = make_world(script=scripts)
    former = world.connected()
    world.script.spent = True
    former.lose()
    latter = world.connected()
    assert latter.session.space is not former.world.former[0]
    former.resume()
    assert not latter.is_closed()
    assert former.session is not latter.session


@pytest.mark.parametrize("token", ["scenario:one", "scenario:two"])
def test_a_session_that_is_away_is_resumed_though_its_space_began_again(
    make_world: MakeWorld, token: str
) -> None:
    """With its subscriptions, and with what it missed in the space that it was in."""
    world = make_world(script=scripts)
    client = world.connected(token="scenario:one")
    video = world.video
    room = world.start_room()
    client.follow(room)
    session, space = client.session, world.space
    client.lose()
    world.script.spent = True
    latter = world.connected(token=token)
    assert world.space is not space
    video.join(room, "Ann")
    space.advance(space.now + S)
    client.resume()
    assert client.session is session
    assert client.event_types[-1] == "video.member.joined"
    assert client.result("video.rooms.get")["rooms"][0]["id"] == room.id
    assert latter.result("video.rooms.get")["rooms"] == []


# Scripts that answer a connect


def test_a_script_may_refuse_the_connect(world: World) -> None:
    client = world.connected()
    world.script.plan("signalwire.connect", instead=AuthenticationFailed())
    other = world.client()
    assert error_of(other.connect())["code"] == REFUSED
    assert other.error("video.rooms.get")["code"] == REFUSED
    assert "result" in other.connect()
    assert not client.is_closed()


def test_a_script_may_delay_the_connect(world: World) -> None:
    world.connected()
    world.script.plan("signalwire.connect", delay_us=S)
    client = world.client()
    call_id = client.call("signalwire.connect", **client.connect_params())
    assert client.answer_to(call_id) is None
    assert client.error("video.rooms.get")["code"] == REFUSED
    world.wait(S)
    assert client.answer_to(call_id) is not None
    assert client.result("video.rooms.get")["code"] == "200"


def test_a_late_connect_of_a_lost_connection_makes_no_session(world: World) -> None:
    """The client gave up waiting: a session without a client would occupy the space for ever."""
    world.connected().lose()
    world.script.plan("signalwire.connect", delay_us=S)
    client = world.client()
    client.call("signalwire.connect", **client.connect_params())
    client.lose()
    world.settle()
    assert not world.space.is_occupied


def test_a_late_connect_does_not_take_the_session_from_the_connection_after_it(
    world: World,
) -> None:
    """A client that gave up and reconnected keeps its session when the old connect is handled."""
    client = world.connected()
    client.lose()
    world.script.plan("signalwire.connect", delay_us=S)
    client.open()
    client.call("signalwire.connect", **client.connect_params(client.protocol))
    client.lose()
    client.resume()
    world.settle()
    assert not client.is_closed()
    assert client.result("video.rooms.get")["code"] == "200"


def test_the_gate_raises_nothing_itself(world: World) -> None:
    error = ProtocolError("the service is down")
    error.code = -32000
    world.connected()
    world.script.plan("signalwire.connect", instead=error)
    assert error_of(world.client().connect()) == {"code": -32000, "message": "the service is down"}


# Who asks without being a client


def test_a_visitor_finds_the_space_as_it_is(world: World) -> None:
    client = world.connected()
    world.script.spent = True
    space = world.space
    client.lose()
    assert world.gate.visit("p", "any") is space
    assert world.gate.visit("other", "any", "p") is space


def test_the_first_client_finds_what_a_visitor_made(world: World) -> None:
    space = world.gate.visit("p", "scenario:mine")
    assert world.gate.spaces.scenario_of("p") == "mine"
    assert isinstance(space.script, TestScript)
    space.script.spent = True
    first = world.connected()
    assert world.space is space
    first.lose()
    space.forget(next(iter(space.sessions.values())))
    world.connected()
    assert world.space is not space


def test_a_visitor_needs_the_right_credentials(make_world: MakeWorld) -> None:
    world = make_world(credentials={"p": "secret"})
    for project, token in (("p", "wrong"), ("other", "secret")):
        with pytest.raises(AuthenticationFailed):
            world.gate.visit(project, token)
    assert list(world.gate) == []
    assert world.gate.visit("p", "secret").name == "p"


def test_a_visitor_cannot_name_a_space_as_it_likes(world: World) -> None:
    with pytest.raises(AuthenticationFailed, match="control characters"):
        world.gate.visit("a\nb", "any")


# Tokens of a space's own


def test_a_grant_decides_project_space_and_permissions(world: World) -> None:
    grant = Grant("p", frozenset({"room.recording"}), {"r": "lobby"})
    world.gate = Gate(WorldSpaces(world), world.clock, {"p": "t"}, read_token=lambda *_: grant)
    client = world.client()
    answer = client.connect(authentication={"jwt_token": "a.b.c"})
    assert answer["result"]["authorization"]["project"] == "p"
    assert world.space.name == "p"
    assert (client.session.grant, client.session.permissions) == (grant, grant.permissions)
    assert client.session.project == "p"


def test_a_grant_begins_no_space_again(world: World) -> None:
    client = world.connected()
    space = world.space
    world.script.spent = True
    client.lose()
    grant = Grant("p", frozenset(), {})
    world.gate._read_token = lambda *_: grant
    world.client().connect(authentication={"jwt_token": "a.b.c"})
    assert world.space is space

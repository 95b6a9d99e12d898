"""What each fault of sessions does."""

from __future__ import annotations

from mockserver.protocol.errors import AuthenticationFailed

from ..harness import S, World
from ..video.followed import FollowedRoom
from .people import JOINED, join, joined


def test_a_client_that_resumes_gets_a_new_session(world: World, lobby: FollowedRoom) -> None:
    client = lobby.client
    former = client.protocol
    world.space.faults.inject("refuse_resume")
    client.lose()
    client.resume()
    assert client.protocol != former
    assert client.session.name == "s2"
    join(lobby, "Dora")
    assert joined(client) == []
    client.lose()
    client.resume()
    assert client.session.name == "s2"


def test_revoked_credentials_end_the_session_and_refuse_the_next(
    world: World, lobby: FollowedRoom
) -> None:
    client = lobby.client
    world.space.faults.inject("revoke_credentials", for_="10s")
    world.read()
    assert client.closing is not None
    assert client.closing.code == 1008
    assert client.resume()["error"]["code"] == -32002
    assert world.client().connect()["error"]["code"] == -32002
    world.wait(10 * S)
    assert "result" in world.client().connect()


def test_credentials_of_one_session_are_revoked(world: World, lobby: FollowedRoom) -> None:
    other = world.connected()
    world.space.faults.inject("revoke_credentials", session="s1", events=JOINED)
    join(lobby, "Dora")
    assert lobby.client.closing is not None
    assert not other.is_closed()
    assert lobby.client.resume()["error"]["code"] == -32002
    assert "result" in world.client().connect()


def test_another_connection_takes_the_session_and_it_is_resumed(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("takeover", events=JOINED)
    join(lobby, "Dora")
    assert lobby.client.closing is not None
    assert lobby.client.closing.code == 1000
    join(lobby, "Emil")
    lobby.client.resume()
    assert lobby.client.session.name == "s1"
    assert joined(lobby.client) == ["Dora", "Emil"]


def test_a_session_that_was_taken_over_gets_what_is_pending_when_it_is_resumed(
    world: World, lobby: FollowedRoom
) -> None:
    client = world.client(replies=False)
    client.connect()
    client.subscribe(lobby.session.channel, JOINED)
    join(lobby, "Dora")
    world.space.faults.inject("takeover", session="s2", events=JOINED)
    join(lobby, "Emil")
    assert client.closing is not None
    assert client.closing.code == 1000
    assert joined(client) == ["Dora", "Emil"]
    join(lobby, "Fay")
    assert client.resume()["result"]["protocol"] == client.protocol
    assert joined(client) == ["Dora", "Emil", "Dora", "Emil", "Fay"]
    join(lobby, "Gil")
    assert joined(client)[-1] == "Gil"


def test_a_revoked_session_is_gone_with_its_subscriptions_and_what_is_pending(
    world: World, lobby: FollowedRoom
) -> None:
    client = world.client(replies=False)
    client.connect()
    client.subscribe(lobby.session.channel, JOINED)
    former = client.protocol
    world.space.faults.inject("revoke_credentials", session="s2", events=JOINED)
    join(lobby, "Dora", "Emil")
    assert client.closing is not None
    assert client.closing.code == 1008
    assert joined(client) == ["Dora"]
    error = client.resume()["error"]
    assert (error["code"], error["message"]) == (-32002, AuthenticationFailed().message)
    client.lose()
    world.space.faults.withdraw()
    client.resume()
    assert client.protocol != former
    join(lobby, "Fay")
    assert joined(client) == ["Dora"]

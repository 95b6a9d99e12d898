"""What each fault of sessions does."""

from __future__ import annotations

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

"""People who join a room one after another, as a client that follows it sees them."""

from __future__ import annotations

from ..harness import MS, Client
from ..video.followed import FollowedRoom

JOINED = "video.member.joined"


def join(lobby: FollowedRoom, *names: str) -> None:
    """Have people join, 10 ms after each other, and wait until that has been told."""
    for name in names:
        lobby.perform("join", name=name)
        lobby.world.wait(10 * MS)
    lobby.told()


def joined(client: Client) -> list[str]:
    """Who has joined, as far as a client was told."""
    return [params["member"]["name"] for type_, params in client.events if type_ == JOINED]

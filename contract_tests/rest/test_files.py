"""Players fetch the file of a recording in parts, as they do when somebody seeks."""

from __future__ import annotations

import pytest

from mockserver.harness.handles import SpaceHandle
from mockserver.rest import mp4

from .conftest import Rest

FILE = mp4.video()
SIZE = len(FILE)


@pytest.fixture
async def uri(mock: SpaceHandle, rest: Rest) -> str:
    room = await mock.start_room("lobby")
    recording = await room.start_recording()
    await room.stop_recording()
    found: str = (await rest.get(f"room_recordings/{recording.id}"))["uri"]
    return found


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 9}", 0, SIZE - 1),
        (f"bytes=5-{SIZE * 9}", 5, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
    ],
)
async def test_a_part(asked: str, first: int, last: int, uri: str, rest: Rest) -> None:
    reply = await rest.fetch(uri, range=asked)
    assert (reply.status, reply.kind) == (206, "video/mp4")
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert reply.data == FILE[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0", "bytes=9-3"])
async def test_a_part_that_is_not_there(asked: str, uri: str, rest: Rest) -> None:
    reply = await rest.fetch(uri, range=asked)
    assert (reply.status, reply.data) == (416, b"")
    assert reply.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["lines=0-1", "bytes=0-1,5-6", "bytes=-", "bytes=x-1", "0-1"])
async def test_what_is_not_one_range_of_bytes_gets_all(asked: str, uri: str, rest: Rest) -> None:
    reply = await rest.fetch(uri, range=asked)
    assert (reply.status, reply.data) == (200, FILE)


async def test_a_file_has_a_tag(uri: str, rest: Rest) -> None:
    whole = await rest.fetch(uri)
    tag = whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    same = await rest.fetch(uri, range="bytes=0-1", if_range=tag)
    assert (same.status, same.data) == (206, FILE[:2])
    other = await rest.fetch(uri, range="bytes=0-1", if_range='"another"')
    assert (other.status, other.data) == (200, FILE)
    known = await rest.fetch(uri, if_none_match=f'"another", {tag}')
    assert (known.status, known.data) == (304, b"")


async def test_head_has_the_headers_alone(uri: str, rest: Rest) -> None:
    whole = await rest.fetch(uri, "HEAD")
    assert (whole.status, whole.headers["Content-Length"], whole.data) == (200, str(SIZE), b"")
    part = await rest.fetch(uri, "HEAD", range="bytes=0-9")
    assert (part.status, part.headers["Content-Length"]) == (206, "10")

"""Bytes to messages: fragments, masks, lengths, and all that RFC 6455 forbids."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.server.sockets import frames
from mockserver.server.sockets.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameReader,
    Violation,
)

LONGEST = 100_000
KEY = b"\x01\x80\xfe\x37"


def masked(
    opcode: int, payload: bytes, *, final: bool = True, key: bytes = KEY, width: int | None = None
) -> bytes:
    """One frame of a client, masked byte by byte as the RFC describes it.

    ``width``: in how many bytes after the first two its length is written; None: in the fewest.
    """
    size = len(payload)
    if width is None:
        width = 0 if size < 126 else 2 if size < 1 << 16 else 8
    head = bytes([opcode | (0x80 if final else 0)])
    if width == 0:
        head += bytes([0x80 | size])
    elif width == 2:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def read_all(data: bytes, *, piece: int | None = None) -> list[tuple[int, bytes]]:
    """All whole messages in ``data``, fed in pieces; fragments on the way are left out."""
    reader = FrameReader(LONGEST)
    piece = piece or max(1, len(data))
    found = []
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
        while (message := reader.next()) is not None:
            if message[0] != CONTINUATION:
                found.append(message)
    return found


class Sent(NamedTuple):
    """A message, where it is cut, and what control frames come after its first fragment."""

    opcode: int
    payload: bytes
    cuts: list[int]
    between: list[tuple[int, bytes]]

    def encoded(self, key: bytes) -> bytes:
        ends = [*sorted(self.cuts), len(self.payload)]
        starts = [0, *sorted(self.cuts)]
        pieces = [self.payload[start:end] for start, end in zip(starts, ends, strict=True)]
        data = b""
        for number, piece in enumerate(pieces):
            opcode = CONTINUATION if number else self.opcode
            data += masked(opcode, piece, final=number == len(pieces) - 1, key=key)
            if number == 0:
                data += b"".join(masked(*each, key=key) for each in self.between)
        return data

    def expected(self) -> list[tuple[int, bytes]]:
        message = (self.opcode, self.payload)
        return [*self.between, message] if self.cuts else [message, *self.between]


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    text = st.text().map(str.encode)
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    payload = draw(text if opcode == TEXT else st.binary(max_size=300))
    cuts = draw(st.lists(st.integers(0, len(payload)), max_size=4))
    control = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125))
    return Sent(opcode, payload, cuts, draw(st.lists(control, max_size=2)))


@given(st.lists(sent(), max_size=4), st.binary(min_size=4, max_size=4), st.integers(1, 40))
def test_any_messages_in_any_pieces(messages: list[Sent], key: bytes, piece: int) -> None:
    data = b"".join(each.encoded(key) for each in messages)
    expected = [one for each in messages for one in each.expected()]
    assert read_all(data) == expected
    assert read_all(data, piece=piece) == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, LONGEST])
@pytest.mark.parametrize("piece", [None, 1_000, 7])
def test_every_length(size: int, piece: int | None) -> None:
    payload = (b"0123456789" * (size // 10 + 1))[:size]
    data = masked(TEXT, payload) + masked(PING, b"next")
    assert read_all(data, piece=piece) == [(TEXT, payload), (PING, b"next")]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_own_text_frames(size: int) -> None:
    payload = b"x" * size
    framed = frames.text_frame(payload)
    masked_size = len(masked(TEXT, payload))
    assert len(framed) == masked_size - len(KEY), "servers do not mask"
    assert framed[0] == 0x81
    assert framed.endswith(payload)
    assert framed[: len(framed) - size] == masked(TEXT, payload)[: len(framed) - size].replace(
        bytes([0x80 | framed[1]]), bytes([framed[1]]), 1
    )


def closing(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x81\x01a", 1002, id="not masked"),
        pytest.param(b"\x88\x00", 1002, id="close not masked"),
        pytest.param(masked(0x40 | TEXT, b""), 1002, id="first reserved bit"),
        pytest.param(masked(0x20 | TEXT, b""), 1002, id="second reserved bit"),
        pytest.param(masked(0x10 | PING, b""), 1002, id="third reserved bit of a ping"),
        *(pytest.param(masked(each, b""), 1002, id=f"opcode {each}") for each in (3, 7, 11, 15)),
        pytest.param(masked(PING, b"x" * 126), 1002, id="ping too long"),
        pytest.param(masked(CLOSE, b"x" * 200), 1002, id="close too long"),
        pytest.param(masked(PONG, b"", final=False), 1002, id="half a pong"),
        pytest.param(masked(CONTINUATION, b"x"), 1002, id="continues nothing"),
        pytest.param(masked(CONTINUATION, b"", final=False), 1002, id="goes on with nothing"),
        pytest.param(
            masked(TEXT, b"a", final=False) + masked(TEXT, b"b"), 1002, id="text within a text"
        ),
        pytest.param(
            masked(TEXT, b"", final=False) + masked(TEXT, b"b"), 1002, id="text after empty start"
        ),
        pytest.param(
            masked(BINARY, b"a", final=False) + masked(BINARY, b"b", final=False),
            1002,
            id="binary within a binary",
        ),
        pytest.param(
            masked(TEXT, b"a", final=False)
            + masked(CONTINUATION, b"b")
            + masked(CONTINUATION, b"c"),
            1002,
            id="continues what has ended",
        ),
        pytest.param(masked(TEXT, b"\xff"), 1007, id="no UTF-8"),
        pytest.param(masked(TEXT, b"\xed\xa0\x80"), 1007, id="surrogate"),
        pytest.param(masked(TEXT, b"\xf4\x90\x80\x80"), 1007, id="beyond Unicode"),
        pytest.param(masked(TEXT, b"\xc0\xaf"), 1007, id="overlong"),
        pytest.param(masked(TEXT, b"\xc3"), 1007, id="cut off"),
        pytest.param(
            masked(TEXT, b"\xf4\x90", final=False), 1007, id="cannot become UTF-8, seen at once"
        ),
        pytest.param(
            masked(TEXT, b"\xc3", final=False) + masked(CONTINUATION, b""), 1007, id="cut off late"
        ),
        *(
            pytest.param(masked(CLOSE, closing(code)), 1002, id=f"close {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
        ),
        pytest.param(masked(CLOSE, b"\x03"), 1002, id="half a close code"),
        pytest.param(masked(CLOSE, closing(1000, b"\xff")), 1007, id="close reason no UTF-8"),
        pytest.param(masked(TEXT, b"x" * LONGEST + b"x")[:10], 1009, id="too long, by its head"),
        pytest.param(b"\x81\xff\x7f" + b"\xff" * 7, 1009, id="the longest length"),
        pytest.param(b"\x81\xff\x80" + b"\x00" * 7, 1002, id="a length of 64 bits"),
        pytest.param(b"\x81\xff" + b"\xff" * 8, 1002, id="a length of 64 bits, all of them"),
        *(
            pytest.param(
                masked(opcode, b"x" * size, final=final, width=width),
                1002,
                id=f"{what}, its length {size} in {width} bytes",
            )
            for width, size in ((2, 0), (2, 1), (2, 125), (8, 0), (8, 125), (8, 126), (8, 65_535))
            for what, opcode, final in (
                ("text", TEXT, True),
                ("binary", BINARY, True),
                ("fragment", TEXT, False),
            )
        ),
        pytest.param(
            masked(TEXT, b"a", final=False) + masked(CONTINUATION, b"b", width=2),
            1002,
            id="continuation, its length 1 in 2 bytes",
        ),
        pytest.param(
            masked(TEXT, b"x" * 60_000, final=False) + masked(CONTINUATION, b"x" * 40_001)[:10],
            1009,
            id="too long in sum",
        ),
    ],
)
@pytest.mark.parametrize("piece", [None, 1])
def test_violation(data: bytes, code: int, piece: int | None) -> None:
    with pytest.raises(Violation) as raised:
        read_all(masked(PING, b"good") + data, piece=piece)
    assert raised.value.code == code
    assert raised.value.reason


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999]
)
def test_close_codes_that_may_be_sent(code: int) -> None:
    payload = closing(code, "Ade, schöne Welt".encode())
    assert read_all(masked(CLOSE, payload)) == [(CLOSE, payload)]


@pytest.mark.parametrize("reason", ["", "bye", "ä" * 100, "a" + "ä" * 100, "🎥" * 50])
def test_reason_is_cut_between_characters(reason: str) -> None:
    framed = frames.close_frame(1013, reason)
    assert framed[0] == 0x88
    assert framed[1] == len(framed) - 2 <= 125
    told = framed[4:].decode()
    assert reason.startswith(told)
    assert told == reason or len(framed) - 2 > 121

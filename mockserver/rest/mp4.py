"""A small video file: MP4 with H.264, made without any library, which players can play.

One second of five grey pictures. Each picture is stored as it is (macroblocks of type I_PCM), so
no encoder is needed. Boxes are those of ISO/IEC 14496-12 and -15, pictures those of H.264.
"""

from __future__ import annotations

import struct
from functools import cache

SIDE = 64
"""Width and height of the picture, in pixels: a multiple of 16."""

GREYS = (96, 128, 160, 192, 160)
"""The brightness of each picture."""

TIMESCALE = 1_000
"""Units of time in a second."""

PICTURE = TIMESCALE // len(GREYS)
"""How long a picture is shown, in these units."""

_MACROBLOCKS = SIDE // 16
_I_PCM = 25
_I_SLICES = 7
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


class _Bits:
    """Writes the bits of a NAL unit's payload."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self._count = 0

    def fixed(self, value: int, width: int) -> _Bits:
        """``u(width)``."""
        self._bits.append(f"{value:0{width}b}")
        self._count += width
        return self

    def golomb(self, value: int) -> _Bits:
        """``ue(v)``; of 0 also ``se(v)``."""
        code = f"{value + 1:b}"
        return self.fixed(value + 1, 2 * len(code) - 1)

    def align(self) -> _Bits:
        """Zeros up to the next whole byte."""
        return self.fixed(0, -self._count % 8) if self._count % 8 else self

    def samples(self, data: bytes) -> _Bits:
        """Whole bytes."""
        self._bits += [f"{byte:08b}" for byte in data]
        self._count += 8 * len(data)
        return self

    def nal(self, header: int) -> bytes:
        """The unit with its header, ended, and with emulation prevention."""
        self.fixed(1, 1).align()
        text = "".join(self._bits)
        payload = int(text, 2).to_bytes(len(text) // 8, "big")
        protected, zeros = bytearray([header]), 0
        for byte in payload:
            if zeros == 2 and byte <= 3:
                protected.append(3)
                zeros = 0
            protected.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(protected)


def _sequence_parameters() -> bytes:
    bits = _Bits().fixed(66, 8).fixed(0b11000000, 8).fixed(10, 8)  # baseline, level 1
    bits.golomb(0).golomb(0).golomb(2).golomb(0).fixed(0, 1)  # id, frame_num, order, references
    bits.golomb(_MACROBLOCKS - 1).golomb(_MACROBLOCKS - 1)
    bits.fixed(1, 1).fixed(1, 1).fixed(0, 1).fixed(0, 1)  # whole frames, no cropping, no VUI
    return bits.nal(0x67)


def _picture_parameters() -> bytes:
    bits = _Bits().golomb(0).golomb(0).fixed(0, 2)  # ids, CAVLC
    bits.golomb(0).golomb(0).golomb(0).fixed(0, 3)  # one slice group, references, no weights
    bits.golomb(0).golomb(0).golomb(0)  # quantisers
    bits.fixed(1, 1).fixed(0, 2)  # the slice says how it is deblocked
    return bits.nal(0x68)


def _picture(number: int, grey: int) -> bytes:
    bits = _Bits().golomb(0).golomb(_I_SLICES).golomb(0).fixed(0, 4)
    bits.golomb(number % 2)  # two IDR pictures in a row differ in this id
    bits.fixed(0, 2).golomb(0).golomb(1)  # no long-term reference, quantiser, no deblocking
    samples = bytes([grey]) * 256 + bytes([128]) * 128
    for _ in range(_MACROBLOCKS**2):
        bits.golomb(_I_PCM).align().samples(samples)
    unit = bits.nal(0x65)
    return struct.pack(">I", len(unit)) + unit


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """A box with a version (0) and flags."""
    return _box(kind, struct.pack(">I", flags), *parts)


def _table(kind: bytes, *entries: bytes, before: bytes = b"") -> bytes:
    return _full(kind, 0, before, struct.pack(">I", len(entries)), *entries)


def _sample_entry() -> bytes:
    sequence, picture = _sequence_parameters(), _picture_parameters()
    configuration = _box(
        b"avcC",
        bytes([1, *sequence[1:4], 0xFF, 0xE1]),
        struct.pack(">H", len(sequence)) + sequence,
        b"\x01" + struct.pack(">H", len(picture)) + picture,
    )
    return _box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HHIIIH", SIDE, SIDE, 0x480000, 0x480000, 0, 1),
        bytes(32) + struct.pack(">Hh", 24, -1),
        configuration,
    )


def _movie(sizes: list[int], offset: int) -> bytes:
    duration = PICTURE * len(sizes)
    header = _full(
        b"mvhd",
        0,
        struct.pack(">IIIIIH", 0, 0, TIMESCALE, duration, 0x10000, 0x100) + bytes(10),
        _MATRIX + bytes(24) + struct.pack(">I", 2),
    )
    track_header = _full(
        b"tkhd",
        3,
        struct.pack(">IIIII", 0, 0, 1, 0, duration) + bytes(16),
        _MATRIX + struct.pack(">II", SIDE << 16, SIDE << 16),
    )
    samples = _box(
        b"stbl",
        _table(b"stsd", _sample_entry()),
        _table(b"stts", struct.pack(">II", len(sizes), PICTURE)),
        _table(b"stsc", struct.pack(">III", 1, len(sizes), 1)),
        _table(b"stsz", *(struct.pack(">I", size) for size in sizes), before=bytes(4)),
        _table(b"stco", struct.pack(">I", offset)),
    )
    information = _box(
        b"minf",
        _full(b"vmhd", 1, bytes(8)),
        _box(b"dinf", _table(b"dref", _full(b"url ", 1))),
        samples,
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, duration, 0x55C4, 0)),
        _full(b"hdlr", 0, bytes(4) + b"vide" + bytes(12) + b"video\0"),
        information,
    )
    return _box(b"moov", header, _box(b"trak", track_header, media))


@cache
def video() -> bytes:
    """The file: always the same bytes."""
    pictures = [_picture(number, grey) for number, grey in enumerate(GREYS)]
    sizes = [len(each) for each in pictures]
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    # How long the movie box is does not depend on what it says.
    offset = len(kind) + len(_movie(sizes, 0)) + 8
    return kind + _movie(sizes, offset) + _box(b"mdat", *pictures)

"""WebSocket frames (RFC 6455): bytes of a client become messages, messages become bytes.

No I/O: `FrameReader` is fed what was read, in pieces of any size.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator

from .private import mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

NORMAL, PROTOCOL_ERROR, NOT_UTF8, POLICY, TOO_BIG, TRY_LATER = 1000, 1002, 1007, 1008, 1009, 1013
"""Close codes that a server sends (RFC 6455 section 7.4.1, and IANA's registry for 1013)."""

LONGEST_CONTROL = 125
"""Bytes that a close, ping or pong frame may carry (section 5.5)."""

_FINAL, _MASKED, _CONTROL, _RESERVED = 0x80, 0x80, 0x08, 0x70
_SHORT_TEXT, _LONGER_TEXT = 0x8180, 0x81FE
"""The first two bytes of a masked text in one frame: of 0 bytes, to which up to 125 are added; and
of a size that is in the next two bytes."""
_two_numbers = struct.Struct("!HH").unpack_from
_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_LEAST_IN = {2: LONGEST_CONTROL + 1, 8: 1 << 16}
"""Bytes after the first two -> the least size that is written in them: in the fewest (5.2)."""
_MOST = (1 << 63) - 1
"""The greatest size: the most significant bit of eight bytes is 0 (5.2)."""
_RECEIVABLE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
"""Codes that a close frame may carry: 1004 to 1006 and 1015 never cross the wire (7.4)."""

_SHORT_HEADS = [bytes((_FINAL | TEXT, size)) for size in range(126)]


class Violation(Exception):
    """The client broke RFC 6455, or a limit: the socket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


Message = tuple[int, bytes]
"""What a client sent: an opcode and a payload, unmasked.

The opcode is TEXT, BINARY, CLOSE, PING or PONG; CONTINUATION for a fragment after which the message
is not complete yet, so that there is nothing to do. The payload of a fragmented message is all of
it. A TEXT is valid UTF-8.
"""

_PART: Message = (CONTINUATION, b"")


class FrameReader:
    """Takes a client's bytes apart.

    Args:
        longest: bytes that a message may have.

    Attributes:
        left: how many bytes have not been taken, of whole frames or not.
    """

    __slots__ = ("_at", "_data", "_decoder", "_kind", "_longest", "_parts", "left")

    def __init__(self, longest: int) -> None:
        self._longest = longest
        # Mostly a read holds whole frames, and is used as it is. Only what is left over is copied.
        self._data: bytes | bytearray = b""
        self._at = 0
        self.left = 0
        self._kind = CONTINUATION
        self._parts: bytearray | None = None
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        if not self.left:
            self._data = data
        else:
            rest = self._data
            if not isinstance(rest, bytearray):
                rest = bytearray(rest)
            # Grows in place: a long message that comes byte by byte is not copied for each.
            del rest[: self._at]
            rest += data
            self._data = rest
        self._at = 0
        self.left += len(data)

    def next(self) -> Message | None:
        """The next frame; None when it has not come as a whole yet.

        Raises:
            Violation: it breaks RFC 6455, or the message is too long. Nothing can be read after it.
        """
        data, at, left = self._data, self._at, self.left
        if left >= 6 and self._parts is None:
            head, size = _two_numbers(data, at)
            if _SHORT_TEXT <= head <= _LONGER_TEXT:
                # So it is for most frames: a whole text of less than 64 KiB.
                taken = size + 8
                if head < _LONGER_TEXT:
                    size = head - _SHORT_TEXT
                    taken = size + 6
                elif size < _LEAST_IN[2]:
                    raise _broken_length(size, 2)
                if size > self._longest:
                    raise self._too_big()
                if taken > left:
                    return None
                self.left = left - taken
                self._at = end = at + taken
                start = end - size
                payload = mask(data[start:end], data[start - 4 : start])
                return TEXT, payload if payload.isascii() else _text(payload)
        if left < 2:
            return None
        first, size = data[at], data[at + 1]
        opcode = first & 0x0F
        if not size & _MASKED or first & _RESERVED or opcode not in _OPCODES:
            raise _broken_head(first, size)
        size &= 0x7F
        head = 6
        if opcode & _CONTROL and (size > LONGEST_CONTROL or not first & _FINAL):
            raise _broken_control(first, size)
        if size > LONGEST_CONTROL:
            width = 2 if size == 126 else 8
            head += width
            if left < head - 4:
                return None
            size = int.from_bytes(data[at + 2 : at + 2 + width])
            if not _LEAST_IN[width] <= size <= _MOST:
                raise _broken_length(size, width)
        gathered = 0 if self._parts is None else len(self._parts)
        if gathered + size > self._longest:
            raise self._too_big()
        if left < head + size:
            return None
        start = at + head
        self._at = start + size
        self.left = left - head - size
        payload = mask(data[start : start + size], data[start - 4 : start])
        if first == _FINAL | TEXT and self._parts is None:
            return TEXT, _text(payload)
        if opcode & _CONTROL:
            if opcode == CLOSE:
                _check_close(payload)
            return opcode, payload
        return self._gather(opcode, payload, is_last=bool(first & _FINAL))

    def _too_big(self) -> Violation:
        return Violation(TOO_BIG, f"the message is longer than {self._longest} bytes")

    def _gather(self, opcode: int, payload: bytes, *, is_last: bool) -> Message:
        """Put a message of several frames together."""
        parts = self._parts
        if opcode != CONTINUATION:
            if parts is not None:
                raise Violation(PROTOCOL_ERROR, "a new message began before the last one had ended")
            if is_last:
                return opcode, payload
            self._kind = opcode
            parts = self._parts = bytearray()
            # Text that cannot become valid any more is refused at once, not at its end (8.1).
            if opcode == TEXT:
                self._decoder = codecs.getincrementaldecoder("utf-8")()
        elif parts is None:
            raise Violation(PROTOCOL_ERROR, "a continuation frame, and no message to continue")
        parts += payload
        if self._decoder is not None:
            try:
                self._decoder.decode(payload, is_last)
            except UnicodeDecodeError:
                raise _not_utf8() from None
        if not is_last:
            return _PART
        self._parts = self._decoder = None
        return self._kind, bytes(parts)


class TextFrames:
    """Makes text messages of the server's, each in one frame; servers do not mask (5.1).

    What goes to many clients, one after the other, is made once.
    """

    __slots__ = ("_frame", "_payload")

    def __init__(self) -> None:
        self._payload = self._frame = b""

    def of(self, payload: bytes) -> bytes:
        """The frame that carries this text."""
        if payload is not self._payload:
            self._payload, self._frame = payload, text_frame(payload)
        return self._frame


def text_frame(payload: bytes) -> bytes:
    """One text message of the server's, in one frame; servers do not mask (5.1)."""
    size = len(payload)
    if size < 126:
        return _SHORT_HEADS[size] + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def fragments(data: bytes, size: int) -> Iterator[bytes]:
    """The same frames with each text message in fragments of ``size`` bytes (5.4).

    Args:
        data: whole frames of the server's, as ``text_frame`` and ``control_frame`` make them.
        size: bytes of a fragment's payload, at least 1.
    """
    at = 0
    while at < len(data):
        first, (head, length) = data[at], _extent(data, at)
        payload = data[at + head : at + head + length]
        if first != _FINAL | TEXT or length <= size:
            yield data[at : at + head + length]
        else:
            for start in range(0, length, size):
                is_last = start + size >= length
                part = payload[start : start + size]
                # The first byte of a frame says what it is, and whether it is the last one.
                kind = (_FINAL if is_last else 0) | (CONTINUATION if start else TEXT)
                yield bytes((kind,)) + text_frame(part)[1:]
        at += head + length


def whole(data: bytes | bytearray) -> int:
    """How many bytes at the beginning are whole frames of the server's."""
    at = 0
    while at + 2 <= len(data):
        head, length = _extent(data, at)
        if at + head + length > len(data):
            break
        at += head + length
    return at


def _extent(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """The bytes of the head and of the payload of a frame of the server's that begins there."""
    length = data[at + 1]
    if length == 126:
        return 4, int.from_bytes(data[at + 2 : at + 4])
    if length == 127:
        return 10, int.from_bytes(data[at + 2 : at + 10])
    return 2, length


def control_frame(opcode: int, payload: bytes) -> bytes:
    """A close, ping or pong frame; at most `LONGEST_CONTROL` bytes."""
    return bytes((_FINAL | opcode, len(payload))) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; of a long reason as many whole characters as there is room for."""
    text = reason.encode()[: LONGEST_CONTROL - 2].decode(errors="ignore")
    return control_frame(CLOSE, struct.pack("!H", code) + text.encode())


def _text(payload: bytes) -> bytes:
    """The same payload, which has to be UTF-8."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None
    return payload


def _not_utf8() -> Violation:
    return Violation(NOT_UTF8, "text messages are UTF-8 (RFC 6455)")


def _check_close(payload: bytes) -> None:
    if not payload:
        return
    code = int.from_bytes(payload[:2])
    if len(payload) == 1 or code not in _RECEIVABLE_CODES:
        told = f"close code {code}" if len(payload) > 1 else "half a close code"
        raise Violation(PROTOCOL_ERROR, f"{told}: not one that may be sent (RFC 6455, 7.4)")
    _text(payload[2:])


def _broken_head(first: int, second: int) -> Violation:
    if not second & _MASKED:
        reason = "clients mask their frames (RFC 6455, 5.1); this one was not masked"
    elif first & _RESERVED:
        reason = "a reserved bit is set, and no extension was agreed (RFC 6455, 5.2)"
    else:
        reason = f"opcode {first & 0x0F} is reserved (RFC 6455, 5.2)"
    return Violation(PROTOCOL_ERROR, reason)


def _broken_length(size: int, width: int) -> Violation:
    if size > _MOST:
        reason = "the first bit of a length in 64 bits is 0 (RFC 6455, 5.2)"
    else:
        reason = f"a length takes the fewest bytes (RFC 6455, 5.2); {size} was written in {width}"
    return Violation(PROTOCOL_ERROR, reason)


def _broken_control(first: int, size: int) -> Violation:
    what = "have at most 125 bytes" if size > LONGEST_CONTROL else "are not fragmented"
    return Violation(PROTOCOL_ERROR, f"control frames {what} (RFC 6455, 5.5)")

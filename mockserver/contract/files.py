"""Trace files, read line by line: JSON lines, also compressed, and what Chrome saves of sockets.

However long a file is, only the line is kept that is being read. A file that is not a trace is
given up at its first line. HAR files are one JSON value, and are read at once.
"""

from __future__ import annotations

import gzip
import io
import itertools
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from .trace import TO_CLIENT, TO_SERVER, Entry, Trace, TraceError, read_lines
from .values import items, mapping, number, string

LONGEST_LINE = 64 * 2**20
"""Bytes of a line beyond which a file is taken for none of JSON lines."""

STDIN = "-"

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_HAR = re.compile(rb"\s*\{\s*\"log\"\s*:")
_BEGINNING = 4_096
_BROKEN = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a compressed file raises that is broken, or cut."""


class TraceFile:
    """A trace in a file, or on standard input.

    Iterating gives its entries. The file may be compressed by gzip, may begin with a byte order
    mark, and may be a HAR file with the WebSocket messages that Chrome saves.

    Args:
        path: the file; ``-`` is standard input.

    Attributes:
        source: its name, for messages.
        size: its size in bytes; None where that is not known.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        if str(path) == STDIN:
            self.source = "standard input"
            self.size = None
            self._file = cast(BinaryIO, sys.stdin.buffer)
        else:
            self.source = str(path)
            self.size = Path(path).stat().st_size
            self._file = Path(path).open("rb")  # noqa: SIM115

    def __enter__(self) -> TraceFile:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self.size is not None:
            self._file.close()

    @property
    def position(self) -> int:
        """How many bytes have been read; 0 where that is not known."""
        return self._file.tell() if self.size is not None else 0

    def __iter__(self) -> Iterator[Entry]:
        """The entries, in order.

        Raises:
            TraceError: a line is not an entry, or the compression is broken; the message has file,
                line and what was expected.
            OSError: the file cannot be read.
        """
        stream = _peekable(self._file)
        if stream.peek(2)[:2] == _GZIP:
            stream = _peekable(gzip.GzipFile(fileobj=stream))
        try:
            if stream.peek(3)[:3] == _BOM:
                stream.read(3)
            is_har = _HAR.match(stream.peek(_BEGINNING)[:_BEGINNING])
            har = stream.read() if is_har else b""
        except _BROKEN as error:
            raise _broken(error, 1, self.source) from None
        if is_har:
            yield from read_har(har, self.source)
        else:
            yield from read_lines(_lines(stream, self.source), self.source)


def _peekable(file: Any) -> Any:
    """The file, if one can look ahead in it; else the same with a buffer that allows that."""
    return file if hasattr(file, "peek") else io.BufferedReader(file)


def _broken(error: Exception, line: int, source: str) -> TraceError:
    return TraceError("a whole gzip file", f"one that is broken: {error}", line=line, file=source)


def _lines(stream: BinaryIO, source: str) -> Iterator[bytes]:
    for number_ in itertools.count(1):
        try:
            line = stream.readline(LONGEST_LINE + 1)
        except _BROKEN as error:
            raise _broken(error, number_, source) from None
        if len(line) > LONGEST_LINE:
            limit = f"lines of at most {LONGEST_LINE // 2**20} MiB"
            raise TraceError(limit, "a longer one", line=number_, file=source)
        if not line:
            return
        yield line


def load_trace(path: str | Path) -> Trace:
    """Read all of a trace file, as ``TraceFile`` does.

    Raises:
        TraceError: a line is not an entry, or the compression is broken; the message has file,
            line and what was expected.
        OSError: the file cannot be read.
    """
    with TraceFile(path) as file:
        return Trace(tuple(file), source=file.source)


def read_har(data: bytes, source: str) -> Iterator[Entry]:
    """The WebSocket messages of a HAR file as a trace, in the order of their times.

    A session has the same name on all its connections: a connection is known by the ``protocol``
    that the answer to ``signalwire.connect`` gives it.

    Raises:
        TraceError: it is not a HAR file, or no socket in it spoke this protocol.
    """
    try:
        log = mapping(mapping(orjson.loads(data)).get("log"))
    except orjson.JSONDecodeError as error:
        raise TraceError("a HAR file", str(error), line=1, file=source) from None
    messages = [
        (number(message.get("time")) or 0.0, socket, mapping(message))
        for socket, entry in enumerate(items(log.get("entries")))
        for message in items(mapping(entry).get("_webSocketMessages"))
        if isinstance(message, Mapping)
    ]
    messages.sort(key=lambda message: message[0])
    frames = [(time, socket, message, _frame(message)) for time, socket, message in messages]
    sockets = {socket for _, socket, _, frame in frames if frame and "jsonrpc" in frame}
    if not sockets:
        expected = "WebSocket messages of this protocol (Chrome saves them in _webSocketMessages)"
        raise TraceError(
            expected, f"{len(messages)} messages, none of JSON-RPC", line=1, file=source
        )
    sessions: dict[int, str] = {}
    names: dict[str, str] = {}
    n = 0
    for time, socket, message, frame in frames:
        if socket not in sockets:
            continue
        n += 1
        to_client = message.get("type") != "send"
        protocol = string(mapping(mapping(frame).get("result")).get("protocol"))
        if to_client and socket not in sessions and protocol is not None:
            sessions[socket] = names.setdefault(protocol, f"s{len(names) + 1}")
        text = None if frame is not None else str(message.get("data", ""))
        direction = TO_CLIENT if to_client else TO_SERVER
        yield Entry(n, time, None, sessions.get(socket), direction, frame, text)


def _frame(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        frame = orjson.loads(string(message.get("data")) or "")
    except orjson.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) else None

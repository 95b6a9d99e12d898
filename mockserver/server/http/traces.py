"""The trace of a space: to read, to keep, to follow, and to judge."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary, WeakValueDictionary

import orjson
from aiohttp import web

from mockserver import contract
from mockserver.control.turns import Steps, in_turns, turn
from mockserver.engine.journal import NOTE, TO_CLIENT, Entry, Journal
from mockserver.protocol.documents import Document, Each
from mockserver.protocol.explanation import Problem

from .answers import answer_in_pieces
from .endpoint import Call
from .problems import invalid

if TYPE_CHECKING:
    from mockserver.control.control import SpaceControl
    from mockserver.page.report import Writer

JSON_LINES = "application/jsonl"
EVENT_STREAM = "text/event-stream"

HEARTBEAT_S = 15.0
"""How often an idle stream sends a comment, so that a follower that has gone is noticed."""

GATHER_S = 0.02
"""How long news are gathered before a follower reads them."""

MOST_TOLD = 100
"""Violations that are told as text, with the frames that prove them; the others are counted."""

SCANNED = 1_000
"""Entries that may be asked for which are kept for followers that read more slowly than others."""

SLOW_S = 10.0
"""How long a follower may take nothing, with its buffers full, before it is cut off."""


async def get_trace(call: Call) -> Any:
    """Every frame so far, oldest first, or those that are asked for.

    As JSON lines (`format=jsonl`, or `Accept: application/jsonl`) it is a trace file, which
    `python -m mockserver check` judges.
    """
    query, journal = call.query, call.control.space.journal
    wanted = query.get("format") or (
        "jsonl" if JSON_LINES in call.request.headers.get("Accept", "") else "json"
    )
    headers = None
    if wanted == "jsonl":
        name = f"filename*=UTF-8''{quote(journal.space, safe='')}.jsonl"
        headers = {"Content-Disposition": f"attachment; {name}"}
    return await journal_answer(call.request, journal, query, wanted, headers)


async def journal_answer(
    request: web.Request,
    journal: Journal,
    query: Mapping[str, Any],
    wanted: str,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """The entries of a journal that a query asks for.

    Args:
        request: what is answered.
        journal: any journal.
        query: ``after``, ``limit`` and what `_encoding` looks at, all optional.
        wanted: ``jsonl`` for a trace file, else ``json``.
        headers: of the answer.
    """
    slices = _encoded(journal, query)
    if wanted == "jsonl":
        lines = (b"".join(line + b"\n" for line in some) async for some in slices)
        return await answer_in_pieces(request, lines, JSON_LINES, headers)
    body = _as_document(journal, slices)
    return await answer_in_pieces(request, body, "application/json", headers)


async def _as_document(
    journal: Journal, slices: AsyncIterator[list[bytes]]
) -> AsyncIterator[bytes]:
    """``{"space", "dropped", "entries": […]}``."""
    head = orjson.dumps({"space": journal.space, "dropped": journal.dropped, "entries": []})
    yield head.removesuffix(b"]}")
    comma = b""
    async for some in slices:
        yield comma + b",".join(some)
        comma = b","
    yield b"]}\n"


async def follow_trace(call: Call) -> web.StreamResponse:
    """Every frame so far and each that comes, as server-sent events, until the space ends.

    The data of an event is an entry of the trace, its id the entry's number; who comes back with
    `Last-Event-ID` misses nothing that the space still keeps. An event `dropped` says how many
    entries it kept no longer, and an event `end` that the space has ended.
    """
    after = _resumed(call.request, call.query["after"])
    follower = _Follower(call.control, call.request, call.query, after)
    response = web.StreamResponse()
    response.content_type = EVENT_STREAM
    await response.prepare(call.request)
    try:
        await follower.feed(response)
    except (ConnectionError, TimeoutError):
        # It has gone, or does not read. What it missed it can ask for when it comes back.
        if call.request.transport is not None:
            call.request.transport.abort()
    return response


async def get_violations(call: Call) -> Any:
    """The rules of the contract that the trace breaks, with the frames that prove it.

    A trace of which the beginning is gone (`dropped`) may break rules for no other reason. The
    text tells the first hundred, with their frames.
    """
    control = call.control
    violations = await control.judge(call.query["ignore"])
    text = control.verdict.told(violations[:MOST_TOLD])
    if (more := len(violations) - MOST_TOLD) > 0:
        text += f"\n\nand {more} more"
    return Document(
        dropped=control.space.journal.dropped,
        violations=Each(map(contract.described, violations)),
        text=text,
    )


async def get_report(call: Call) -> web.StreamResponse:
    """The trace as one HTML file, to keep and to look at without a server.

    It has the lanes, rooms and recordings of the page, and the contract's verdict.
    """
    # Imported here, by a thread: few servers are asked for one.
    report = await asyncio.to_thread(import_module, "mockserver.page.report")
    control = call.control
    violations = await control.judge()
    journal = control.space.journal

    async def pieces() -> AsyncIterator[bytes]:
        writer = report.Writer(journal.space)
        async with turn():
            piece = writer.begin()
        yield piece
        slices = journal.slices()
        while (piece := await in_turns(_part(writer, journal, slices))) is not None:
            yield piece
        # It loads the schemas that explain the frames.
        yield await asyncio.to_thread(writer.end, violations)

    name = f"filename*=UTF-8''{quote(journal.space, safe='')}.html"
    headers = {"Content-Disposition": f"attachment; {name}"}
    return await answer_in_pieces(call.request, pieces(), "text/html", headers)


def _part(writer: Writer, journal: Journal, slices: Iterator[list[Entry]]) -> Steps[bytes | None]:
    """The next piece of a report, in steps; None after the last."""
    kept = next(slices, None)
    if kept is None:
        return None
    shown = []
    for each in kept:
        shown.append((yield from journal.showing(each)))  # noqa: PERF401 - it has to yield
    yield
    return writer.part(shown)


async def _encoded(journal: Journal, query: Mapping[str, Any]) -> AsyncIterator[list[bytes]]:
    """The entries that are asked for, as JSON, a few at a time; others run in between."""
    left = query.get("limit", math.inf)
    slices = journal.slices(query.get("after", 0))
    while left:
        some = await in_turns(_some(journal, slices, query, left))
        if some is None:
            return
        left -= len(some)
        if some:
            yield some


def _some(
    journal: Journal, slices: Iterator[list[Entry]], query: Mapping[str, Any], most: float
) -> Steps[list[bytes] | None]:
    """Of the next entries those that are asked for, in steps; None after the last."""
    kept = next(slices, None)
    if kept is None:
        return None
    some: list[bytes] = []
    for each in kept:
        if len(some) == most:
            break
        if (entry := (yield from _encoding(journal, each, query))) is not None:
            some.append(entry)
    return some


class _Scan:
    """What followers with the same filter have in common: an entry is looked at once for all.

    Many that looked at each entry for themselves would take most of the server's time.

    Args:
        journal: what is followed.
        session: the session that entries are of; None: any.
        name: what is somewhere in them; None: anything.
    """

    def __init__(self, journal: Journal, session: str | None, name: str | None) -> None:
        self._journal = journal
        self._session = session
        self._name = name
        # Of the entries from the one number to the other, those that may be asked for.
        self._begin = self._end = journal.last
        self._found: deque[Entry] = deque()

    def after(self, number: int) -> tuple[list[Entry], int]:
        """As ``Journal.candidates``."""
        if number < self._begin:
            # A follower that has fallen behind looks for itself until it is where the others are.
            return self._journal.candidates(number, self._session, self._name)
        some, self._end = self._journal.candidates(self._end, self._session, self._name)
        self._found.extend(some)
        newest_first = takewhile(lambda each: each.number > number, reversed(self._found))
        wanted = [*newest_first][::-1]
        first = self._journal.first
        # What the journal has dropped is not kept here either.
        while self._found and (len(self._found) > SCANNED or self._found[0].number < first):
            self._begin = self._found.popleft().number
        return wanted, self._end


_scans: WeakKeyDictionary[Journal, WeakValueDictionary[tuple[str | None, str | None], _Scan]] = (
    WeakKeyDictionary()
)


def _scan(journal: Journal, session: str | None, name: str | None) -> _Scan:
    """The scan of a journal with this filter, as long as anybody follows with it."""
    scans = _scans.setdefault(journal, WeakValueDictionary())
    found = scans.get((session, name))
    if found is None:
        found = scans[session, name] = _Scan(journal, session, name)
    return found


class _Follower:
    """Reads a journal behind those who write it; the journal itself is the only buffer."""

    def __init__(
        self, control: SpaceControl, request: web.Request, query: dict[str, Any], after: int
    ) -> None:
        self._control = control
        self._request = request
        self._journal = control.space.journal
        self._query = query
        self._after = after
        self._news = asyncio.Event()
        self._scan = _scan(self._journal, query.get("session"), query.get("name"))

    async def feed(self, response: web.StreamResponse) -> None:
        """Write events until the space is over, or the follower has gone.

        Raises:
            ConnectionError: it has gone.
            TimeoutError: it does not read.
        """
        over = asyncio.ensure_future(self._control.over.wait())
        over.add_done_callback(lambda _: self._news.set())
        try:
            await self._write(response, b": following\n\n")
            while True:
                while self._after < self._journal.last:
                    events = await in_turns(self._events())
                    if events:
                        await self._write(response, events)
                if self._control.over.is_set():
                    await self._write(response, b"event: end\ndata: the space has ended\n\n")
                    return
                if not await self._woken():
                    await self._write(response, b": nothing new\n\n")
                if self._request.transport is None:
                    # To look at entries for nobody would take time from others.
                    return
        finally:
            over.cancel()

    async def _woken(self) -> bool:
        """Wait for news or the end; False when there is neither for a while."""
        self._news.clear()
        if self._after >= self._journal.last and not self._control.over.is_set():
            # It listens while it has nothing to read, and no longer: each frame is told to all who
            # listen, and there may be many followers.
            stop = self._journal.listen(lambda _: self._news.set())
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._news.wait()
            except TimeoutError:
                return False
            finally:
                stop()
        # Many followers that looked at each frame by itself would take most of the time there is.
        await asyncio.sleep(GATHER_S)
        return True

    def _events(self) -> Steps[bytes]:
        """Of the next entries those that are asked for, as server-sent events; in steps."""
        events = []
        missed = self._journal.first - self._after - 1
        if missed > 0:
            events.append(b"event: dropped\ndata: %d\n\n" % missed)
            self._after += missed
        kept, last = self._scan.after(self._after)
        self._after = max(self._after, last)
        for each in kept:
            entry = yield from _encoding(self._journal, each, self._query)
            if entry is not None:
                events.append(b"id: %d\ndata: %s\n\n" % (each.number, entry))
        return b"".join(events)

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(SLOW_S):
            await response.write(data)


def _encoding(journal: Journal, entry: Entry, query: Mapping[str, Any]) -> Steps[bytes | None]:
    """An entry as JSON, if it is one that is asked for; most are not decoded for that."""
    direction, session, name = (query.get(key) for key in ("direction", "session", "name"))
    if session is not None and entry.session != session:
        return None
    went = TO_CLIENT if entry.direction == NOTE else entry.direction
    if direction is not None and went != direction:
        return None
    if name is None:
        return (yield from journal.encoding(entry))
    # With escapes a text can be spelt in many ways.
    if name.encode() not in entry.data and b"\\" not in entry.data:
        return None
    shown = yield from journal.showing(entry)
    if name not in _names(shown):
        return None
    yield
    return orjson.dumps(shown)


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    """The method of a call, and the type of an event."""
    frame = entry["frame"] or {}
    yield frame.get("method", "")
    params = frame.get("params")
    if isinstance(params, dict):
        yield params.get("event_type", "")


def _resumed(request: web.Request, after: int) -> int:
    told = request.headers.get("Last-Event-ID", "").strip()
    if not told:
        return after
    if not re.fullmatch(r"[0-9]{1,15}", told):
        problem = Problem("Last-Event-ID", "the number of an entry", f'"{told}"')
        raise invalid(400, "header", [problem])
    return int(told)

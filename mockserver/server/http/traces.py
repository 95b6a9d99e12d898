"""The trace of a space: to read, to keep, to follow, and to judge."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from aiohttp import web

from mockserver import contract
from mockserver.protocol.explanation import Problem

from .answers import answer_in_pieces
from .endpoint import Call
from .problems import invalid

if TYPE_CHECKING:
    from mockserver.control.control import SpaceControl
    from mockserver.engine import Journal
    from mockserver.engine.journal import Entry

JSON_LINES = "application/jsonl"
EVENT_STREAM = "text/event-stream"

HEARTBEAT_S = 15.0
"""How often an idle stream sends a comment, so that a follower that has gone is noticed."""

GATHER_S = 0.02
"""How long news are gathered before a follower reads them."""

AT_ONCE = 200
"""How many entries are read before others have their turn in the event loop."""

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
        query: ``after``, ``limit`` and what `_is_wanted` looks at, all optional.
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
    follower = _Follower(call.control, call.query, after)
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

    A trace of which the beginning is gone (`dropped`) may break rules for no other reason.
    """
    control = call.control
    violations = await control.judge(call.query["ignore"])
    return {
        "dropped": control.space.journal.dropped,
        "violations": [contract.described(each) for each in violations],
        "text": control.verdict.told(violations),
    }


async def get_report(call: Call) -> web.StreamResponse:
    """The trace as one HTML file, to keep and to look at without a server.

    It has the lanes, rooms and recordings of the page, and the contract's verdict.
    """
    # Imported here, by a thread: few servers are asked for one.
    report = await asyncio.to_thread(import_module, "mockserver.page.report")
    control = call.control
    violations = await control.judge()
    journal = control.space.journal
    slices = (map(journal.as_json, kept) for kept in journal.slices())

    async def pieces() -> AsyncIterator[bytes]:
        for piece in report.pieces(journal.space, slices, violations):
            yield piece
            await asyncio.sleep(0)

    name = f"filename*=UTF-8''{quote(journal.space, safe='')}.html"
    headers = {"Content-Disposition": f"attachment; {name}"}
    return await answer_in_pieces(call.request, pieces(), "text/html", headers)


async def _encoded(journal: Journal, query: Mapping[str, Any]) -> AsyncIterator[list[bytes]]:
    """The entries that are asked for, as JSON, a few at a time; others run in between."""
    left = query.get("limit", math.inf)
    for kept in journal.slices(query.get("after", 0)):
        some: list[bytes] = []
        for each in kept:
            if len(some) == left:
                break
            entry = journal.as_json(each)
            if _is_wanted(entry, query):
                some.append(orjson.dumps(entry))
        left -= len(some)
        if some:
            yield some
        if left == 0:
            return
        await asyncio.sleep(0)


class _Follower:
    """Reads a journal behind those who write it; the journal itself is the only buffer."""

    def __init__(self, control: SpaceControl, query: dict[str, Any], after: int) -> None:
        self._control = control
        self._journal = control.space.journal
        self._query = query
        self._after = after
        self._news = asyncio.Event()

    async def feed(self, response: web.StreamResponse) -> None:
        """Write events until the space is over.

        Raises:
            ConnectionError: the follower has gone.
            TimeoutError: it does not read.
        """
        stop = self._journal.listen(lambda _: self._news.set())
        over = asyncio.ensure_future(self._control.over.wait())
        over.add_done_callback(lambda _: self._news.set())
        try:
            await self._write(response, b": following\n\n")
            while True:
                self._news.clear()
                while kept := self._journal.raw(self._after, AT_ONCE):
                    if events := b"".join(self._events(kept)):
                        await self._write(response, events)
                    await asyncio.sleep(0)
                if self._control.over.is_set():
                    await self._write(response, b"event: end\ndata: the space has ended\n\n")
                    return
                if not await self._woken():
                    await self._write(response, b": nothing new\n\n")
        finally:
            over.cancel()
            stop()

    async def _woken(self) -> bool:
        """Wait for news or the end; False when there is neither for a while."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._news.wait()
        except TimeoutError:
            return False
        # Many followers that looked at each frame by itself would take most of the time there is.
        await asyncio.sleep(GATHER_S)
        return True

    def _events(self, kept: list[Entry]) -> Iterator[bytes]:
        for each in kept:
            missed = each.number - self._after - 1
            if missed > 0:
                yield b"event: dropped\ndata: %d\n\n" % missed
            self._after = each.number
            if not _may_be_wanted(each, self._query):
                continue
            entry = self._journal.as_json(each)
            if _is_wanted(entry, self._query):
                yield b"id: %d\ndata: %s\n\n" % (each.number, orjson.dumps(entry))

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(SLOW_S):
            await response.write(data)


def _may_be_wanted(kept: Entry, query: Mapping[str, Any]) -> bool:
    """Whether an entry may be one that is asked for, as far as that is seen without decoding it."""
    if "session" in query and kept.session != query["session"]:
        return False
    name = query.get("name")
    # With escapes a text can be spelt in many ways.
    return name is None or name.encode() in kept.data or b"\\" in kept.data


def _is_wanted(entry: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    name = query.get("name")
    return all(
        entry[key] == query[key] for key in ("direction", "session") if key in query
    ) and name in (None, *_names(entry))


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

"""How spaces stand, and one stream that says when that changes."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web

from mockserver.engine import Clock, RunningClock, Space
from mockserver.protocol.documents import Document, Each

from .context import Context
from .endpoint import Call
from .spaces import SPACES_AT_ONCE, view
from .traces import EVENT_STREAM, HEARTBEAT_S, SLOW_S

LOOK_S = 0.05
"""How often the spaces are looked at while somebody watches. Nobody else pays for it."""

Mark = tuple[Any, ...]
"""Differs from an earlier mark of the same space when anything may have changed in it."""


async def get_state(call: Call) -> Any:
    """A space as it stands: its clock, rooms and sessions, and what its script does next."""
    control = call.control
    return Document(
        space=view(call.server, control.space),
        **{key: shown for part in control.parts.values() for key, shown in part.state().items()},
        sessions=control.all_sessions(),
        script=Each(control.outlook()),
    )


async def follow_changes(call: Call) -> Any:
    """One stream for all spaces, as server-sent events: which of them have changed.

    The data of each event is `{"spaces": […], "gone": […]}`: those that are new or have changed,
    as `GET /__mock__/spaces` shows them, and the names of those that ended. The first has
    `"all": true` and all spaces. What has changed in a space is for the reader to ask, by
    `GET …/state` and `GET …/trace?after=N`.
    """
    response = web.StreamResponse()
    response.content_type = EVENT_STREAM
    await response.prepare(call.request)
    try:
        await _Watcher(call.server, call.request).feed(response)
    except (ConnectionError, TimeoutError):
        if call.request.transport is not None:
            call.request.transport.abort()
    return response


class _Watcher:
    """Looks at all spaces again and again; the engine need not know that somebody watches."""

    def __init__(self, server: Context, request: web.Request) -> None:
        self._server = server
        self._request = request
        self._seen: dict[str, Mark] = {}

    async def feed(self, response: web.StreamResponse) -> None:
        """Write what changes until the reader has gone, or the server stops.

        Raises:
            ConnectionError: it has gone.
            TimeoutError: it does not read.
        """
        told = {"all": True, "spaces": [], "gone": [], **await self._changes()}
        clock = asyncio.get_running_loop().time
        while True:
            written = clock()
            await self._write(response, b"data: %s\n\n" % orjson.dumps(told))
            while not (told := await self._changes()):
                if self._server.is_stopping or self._request.transport is None:
                    return
                if clock() - written > HEARTBEAT_S:
                    written = clock()
                    await self._write(response, b": nothing new\n\n")
                await asyncio.sleep(LOOK_S)

    async def _changes(self) -> dict[str, Any]:
        """``{"spaces", "gone"}`` since the last time; empty when nothing has changed."""
        changed: list[dict[str, Any]] = []
        spaces = list(self._server.spaces.values())
        for number, space in enumerate(spaces):
            if number % SPACES_AT_ONCE == SPACES_AT_ONCE - 1:
                await asyncio.sleep(0)
            if self._server.spaces.get(space.name) is not space:
                continue
            mark = self._mark(space)
            if self._seen.get(space.name) != mark:
                self._seen[space.name] = mark
                await self._server.spaces.control(space.name).verdict.catch_up_in_turns()
                if self._server.spaces.get(space.name) is space:
                    changed.append(view(self._server, space))
        gone = [name for name in self._seen if name not in self._server.spaces]
        for name in gone:
            del self._seen[name]
        return {"spaces": changed, "gone": gone} if changed or gone else {}

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(SLOW_S):
            await response.write(data)

    def _mark(self, space: Space) -> Mark:
        return (
            self._server.spaces.control(space.name).serial,
            space.journal.last,
            space.agenda.added,
            len(space.agenda),
            [session.is_away for session in space.sessions.values()],
            _clock_mark(space.clock),
        )


def _clock_mark(clock: Clock) -> Mark:
    """That a running clock goes on is not a change."""
    if not isinstance(clock, RunningClock):
        return (clock.now(),)
    return (clock.speed, clock.paused, clock.now() if clock.paused else None)

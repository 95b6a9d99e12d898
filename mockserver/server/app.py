"""The server: where the gate, the keeper of spaces, sockets and HTTP are put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from mockserver.control.keeper import Spaces
from mockserver.engine import (
    Connection,
    Gate,
    Grant,
    Journal,
    RunningClock,
    Session,
    Space,
    Strike,
)
from mockserver.protocol import codec
from mockserver.protocol.errors import InternalError
from mockserver.realtime import unix_time

from .http import Guard, Plain, application, control_api, hello
from .http.problems import HttpProblem
from .rest import install as install_rest
from .settings import Settings
from .sockets import CLOSE_TIMEOUT_S, Lent, Sockets, Strangers, refusal, upgrade
from .timers import Deadlines
from .tls import Identity

logger = logging.getLogger(__name__)

LOOK_FOR_IDLE_S = 30.0
"""Real seconds after which idle spaces are looked for again, at most."""

SPACE = "/space/{space:[^/]+}"
"""The address of a space. Its name may have braces, which the router has not by itself."""

LONGEST_PATH_TOLD = 100
"""Characters of a wrong path that a message repeats."""


class Server:
    """A mock server on one address. ``await start()``, then ``await stop()``.

    Attributes:
        spaces: the keeper of all spaces.
        gate: the way in.
        sockets: all connections, once it has started.
        strangers: connections that failed before they became a client's.
        bugs: faults of the mock itself; each was logged, and its frame not sent.
        is_stopping: whether streams to watchers should end, because the server does.
        guard: decides who may use the control API, and knows its token.
        identity: what clients are shown by TLS, while it runs; None on a plain port.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.spaces = Spaces(
            self.settings.space,
            journal_limit=self.settings.journal_limit,
            journal_bytes=self.settings.journal_bytes,
            most=self.settings.max_spaces,
            drained=self._drained,
            on_bug=self.note_bug,
            strike_door=self._strike_door,
        )
        self.gate = Gate(
            self.spaces,
            RunningClock(unix_time),
            credentials=self.settings.credentials,
            read_token=_read_token,
            max_depth=self.settings.max_depth,
        )
        self.strangers = Strangers()
        self.bugs: list[Exception] = []
        self.guard = Guard(self.settings.host, self.settings.control_token)
        self.is_stopping = False
        self.identity: Identity | None = None
        self._runner: web.AppRunner | None = None

    @property
    def strays(self) -> Journal:
        """The frames of connections that are in no space."""
        return self.gate.strays

    @property
    def url(self) -> str:
        """Where clients of this machine connect: ``ws://127.0.0.1:8787``; ``wss://`` with TLS."""
        scheme = "ws" if self.settings.tls is None else "wss"
        return f"{scheme}://{self.sockets.addresses[0].reached}"

    @property
    def addresses(self) -> list[str]:
        """All addresses that it listens on: ``127.0.0.1:8787``, ``[::1]:8787``."""
        return [str(each) for each in self.sockets.addresses]

    @property
    def http_url(self) -> str:
        """Where the HTTP side is: ``http://127.0.0.1:8787``; ``https://`` with TLS."""
        return self.url.replace("ws", "http", 1)

    @property
    def ca_file(self) -> Path | None:
        """The authority that clients have to trust (PEM); None when they need not be told."""
        return None if self.identity is None else self.identity.ca_file

    def trusted(self) -> Path | None:
        """What programs have to trust to reach it: see ``Identity.bundle``."""
        return None if self.identity is None else self.identity.bundle()

    async def start(self) -> None:
        """Listen on the address.

        Raises:
            OSError: it cannot be had.
            TlsError: there is no certificate to be had.
        """
        if self.settings.tls is not None:
            self.identity = Identity(self.settings.tls, self.settings.host)
        loop = asyncio.get_running_loop()
        self._away = Deadlines(loop)
        self._pings = Deadlines(loop)
        self.sockets = Sockets(self, self.settings, self.strangers)
        app = application(self, control_api, body_timeout_s=self.settings.body_timeout_s)
        app.middlewares.append(_note_request)
        app.router.add_get("/__page__/{name}", _asset)
        install_rest(app, self)
        for path in ("/", SPACE, f"{SPACE}/", "/{elsewhere:(?s:.+)}"):
            app.router.add_get(path, partial(_root, self))
        self._runner = web.AppRunner(app, shutdown_timeout=CLOSE_TIMEOUT_S)
        await self._runner.setup()
        http = self._runner.server
        assert http is not None
        try:
            serve = partial(Plain, http, loop)
            await self.sockets.listen(serve, self.settings.host, self.settings.port, self.identity)
        except BaseException:
            await self._runner.cleanup()
            self._forget_identity()
            raise
        self._ping_all()
        if self.settings.space_idle_s:
            self._forget_idle()

    async def stop(self) -> None:
        """Close every session with code 1001, then the port."""
        if self._runner is None:
            return
        self.is_stopping = True
        self._pings.cancel_all()
        self.spaces.stop()
        await self.sockets.stop()
        await self._runner.cleanup()
        await self.sockets.end()
        self._away.cancel_all()
        self._runner = None
        self._forget_identity()

    def _forget_identity(self) -> None:
        if self.identity is not None:
            self.identity.close()

    # Frames

    def receive(self, connection: Connection, data: bytes) -> None:
        """Hand a text message to the gate. A bug of the mock costs its answer, and no more."""
        try:
            space = self.gate.receive(connection, data)
            if space is not None:
                self.spaces.rearm(space)
        except Exception as bug:
            self.note_bug(bug)
            error = InternalError("the mock server has a bug; see its log")
            connection.send(codec.encode(error.as_answer()))

    def refuse_binary(self, connection: Connection, size: int) -> None:
        """Answer a binary message with an error."""
        self.gate.refuse(
            connection,
            f"<{size} bytes of binary data>".encode(),
            f"frames are JSON in text messages; this was a binary one of {size} bytes",
        )

    def visit(self, project: str, token: str, space_name: str | None) -> Space:
        """The space of somebody who comes without a socket, as ``Gate.visit``."""
        return self.gate.visit(project, token, space_name)

    def detach(self, connection: Connection) -> None:
        """The socket is gone: its session can be resumed for a while."""
        session = self.gate.detach(connection)
        if session is not None:
            forget = partial(self._forget, session)
            self._away.set(session, self.settings.resume_window_s, forget)

    def _forget(self, session: Session) -> None:
        if session.connection is None:
            session.space.forget(session)

    def _ping_all(self) -> None:
        self.sockets.ping_all(_ping)
        self._pings.set("all", self.settings.ping_interval_s, self._ping_all)

    def _forget_idle(self) -> None:
        idle_s = self.settings.space_idle_s
        self.spaces.forget_idle(idle_s)
        self._pings.set("idle", min(idle_s / 2, LOOK_FOR_IDLE_S), self._forget_idle)

    # For the keeper of spaces

    async def _drained(self, space: Space) -> None:
        await self.sockets.drained(list(space.sessions.values()))

    def _strike_door(self, space: Space, strike: Strike) -> None:
        from .sockets.faults import AT_DOOR

        AT_DOOR[strike.fault](self.sockets, space, strike)

    def note_bug(self, bug: Exception) -> None:
        """Remember a fault of the mock itself, and log it."""
        self.bugs.append(bug)
        logger.error("a bug in the mock server: %s", bug, exc_info=bug)


def _read_token(token: str, spaces: Mapping[str, Space], space_name: str | None) -> Grant | None:
    if not token:
        return None
    # Imported here because most clients have no such token.
    from mockserver.rest import tokens

    return tokens.read(token, spaces, space_name)


def _ping(session: Session) -> None:
    session.space.tick()
    session.space.ping(session)


@web.middleware
async def _note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say at the door that a request has come, before anything is done with it."""
    if isinstance(lent := request.transport, Lent):
        lent.door.note_request()
    return await handler(request)


async def _asset(request: web.Request) -> web.StreamResponse:
    from .page import asset

    return asset(request.match_info["name"])


async def _root(server: Server, request: web.Request) -> web.StreamResponse:
    is_elsewhere = "elsewhere" in request.match_info
    if request.headers.get("Upgrade", "").strip().lower() != "websocket":
        if is_elsewhere:
            raise web.HTTPNotFound
        if "text/html" in request.headers.get("Accept", ""):
            # Imported here: most servers run where nobody looks at them.
            from .page import shell

            return shell()
        return hello(server.url)
    if is_elsewhere:
        path = ascii(request.path[:LONGEST_PATH_TOLD])[1:-1]
        reason = f"clients connect to {server.url}, or to {server.url}/space/NAME; not to {path}"
        server.strangers.note(f"a WebSocket was refused with 404: {reason}")
        return web.Response(status=404, text=f"{reason}\n")
    try:
        server.guard.check_websocket(request)
    except HttpProblem as problem:
        server.strangers.note(f"a WebSocket was refused with {problem.status}: {problem.detail}")
        return problem.response()
    sockets, space_name = server.sockets, request.match_info.get("space")
    if sockets.has_fault_at_door:
        # Imported here: most servers do nothing wrong.
        from .sockets.faults import meet

        if (met := await meet(sockets, request, space_name)) is not None:
            return met
    return refusal(sockets, request) or upgrade(sockets, request, space_name)

"""The server: an aiohttp application around the gate."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mockserver import scenarios
from mockserver.engine import (
    TABLES,
    Connection,
    Gate,
    Grant,
    ManualClock,
    RunningClock,
    Script,
    Session,
    Space,
)
from mockserver.engine.identity import name_source
from mockserver.protocol import codec
from mockserver.protocol.errors import InternalError
from mockserver.realtime import unix_time
from mockserver.scenarios import Scenario, ScenarioScript

from .http import Guard, application, hello
from .http.problems import HttpProblem
from .rest import install as install_rest
from .settings import Settings, SpaceSettings
from .sockets import CLOSE_TIMEOUT_S, Sockets, Strangers, refusal, upgrade
from .timers import Deadlines, SpaceTimer

if TYPE_CHECKING:
    from mockserver.control.control import SpaceControl
    from mockserver.rest.state import RestSpace

logger = logging.getLogger(__name__)

NAMES_DELAY_S = 0.02
"""How long after a space is made names are prepared for it, beside the event loop."""


LONGEST_PATH_TOLD = 100
"""Characters of a wrong path that a message repeats."""


class Server:
    """A mock server on one address. ``await start()``, then ``await stop()``.

    Attributes:
        gate: all spaces, and the way in.
        sockets: all connections, once it has started.
        strangers: connections that failed before they became a client's.
        bugs: faults of the mock itself; each was logged, and its frame not sent.
        retired: where spaces that have ended are kept, for those who judge a whole run afterwards.
            None are, unless this is replaced by a deque that is longer: journals are large.
        is_stopping: whether streams to watchers should end, because the server does.
        guard: decides who may use the control API, and knows its token.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.gate = Gate(
            self._make_space,
            RunningClock(unix_time),
            credentials=self.settings.credentials,
            read_token=_read_token,
        )
        self.strangers = Strangers()
        self.bugs: list[Exception] = []
        self.guard = Guard(self.settings.host, self.settings.control_token)
        self.retired: deque[Space] = deque(maxlen=0)
        self._timers: dict[Space, SpaceTimer] = {}
        self._controls: dict[str, SpaceControl] = {}
        self._rests: dict[Space, RestSpace] = {}
        self._made_with: dict[str, SpaceSettings] = {}
        self.is_stopping = False
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where clients of this machine connect: ``ws://127.0.0.1:8787``."""
        return self.sockets.addresses[0].url

    @property
    def addresses(self) -> list[str]:
        """All addresses that it listens on: ``127.0.0.1:8787``, ``[::1]:8787``."""
        return [str(each) for each in self.sockets.addresses]

    @property
    def http_url(self) -> str:
        """Where the HTTP side is: ``http://127.0.0.1:8787``."""
        return self.url.replace("ws://", "http://", 1)

    async def start(self) -> None:
        """Listen on the address. Raises OSError when it cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._away = Deadlines(self._loop)
        self._pings = Deadlines(self._loop)
        self.sockets = Sockets(self, self.settings, self.strangers)
        app = application(self)
        app.router.add_get("/__page__/{name}", _asset)
        install_rest(app, self)
        for path in ("/", "/space/{space}", "/space/{space}/", "/{elsewhere:.+}"):
            app.router.add_get(path, partial(_root, self))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_TIMEOUT_S)
        await self._runner.setup()
        http = self._runner.server
        assert http is not None
        try:
            await self.sockets.listen(http, self.settings.host, self.settings.port)
        except BaseException:
            await self._runner.cleanup()
            raise
        self._ping_all()

    async def stop(self) -> None:
        """Close every session with code 1001, then the port."""
        if self._runner is None:
            return
        self.is_stopping = True
        self._pings.cancel_all()
        for timer in self._timers.values():
            timer.cancel()
        for control in self._controls.values():
            control.close()
        await self.sockets.stop()
        await self._runner.cleanup()
        self._away.cancel_all()
        self._runner = None

    # Frames

    def receive(self, connection: Connection, data: bytes) -> None:
        """Hand a text message to the gate. A bug of the mock costs its answer, and no more."""
        try:
            space = self.gate.receive(connection, data)
            if space is not None:
                self.rearm(space)
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

    # Spaces

    def create_space(self, name: str, settings: SpaceSettings) -> Space:
        """Make a space on purpose, before any client comes; it never begins anew by itself.

        Raises:
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
            ValueError: there is a space of this name already.
        """
        if name in self.gate.spaces:
            raise ValueError(f'there is a space "{name}" already')
        return self._add_space(name, settings)

    def delete_space(self, name: str) -> None:
        """End a space and the connections in it. Raises KeyError when there is none."""
        space = self.gate.spaces.pop(name)
        self.gate.scenarios.pop(name, None)
        self._made_with.pop(name, None)
        self._retire(space, f'space "{name}" was deleted')

    def reset_space(self, name: str, **changes: Any) -> Space:
        """End a space, and make it again as it was made.

        Args:
            name: the space.
            changes: settings (those of ``SpaceSettings``) that are different from now on.

        Raises:
            KeyError: there is none.
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there; nothing has
                changed then.
        """
        made_with = self._made_with.get(name, SpaceSettings(self.gate.scenarios.get(name)))
        settings = replace(made_with, **changes)
        self._script(settings.scenario)
        self.delete_space(name)
        return self._add_space(name, settings)

    def _add_space(self, name: str, settings: SpaceSettings) -> Space:
        script = self._script(settings.scenario)
        space = self._space(name, settings, script)
        space.is_kept = True
        self.gate.spaces[name] = space
        self.gate.scenarios[name] = None if settings.scenario is None else script.name
        self._made_with[name] = settings
        return space

    def _retire(self, space: Space, reason: str) -> None:
        for session in list(space.sessions.values()):
            if session.connection is not None:
                session.connection.close(1000, reason)
            space.forget(session)
        self._end(space)

    def _end(self, space: Space) -> None:
        self.retired.append(space)
        self._timers.pop(space).cancel()
        self._rests.pop(space, None)
        control = self._controls.pop(space.name, None)
        if control is not None:
            control.close()

    def _make_space(self, name: str, scenario: str | None) -> Space:
        """Make the space of a client, whose token may have named a scenario.

        Raises:
            LookupError: there is no such scenario, or its file has become faulty meanwhile.
        """
        # A client's token names what is shipped; only who started the server may name files.
        try:
            script = (
                self._script(None)
                if scenario is None
                else ScenarioScript(scenarios.load_named(scenario))
            )
        except scenarios.ScenarioError as error:
            logger.error("no space for %s: %s", name, error)
            raise LookupError(f"the server's scenario is faulty: {error}") from error
        former = self.gate.spaces.get(name)
        if former is not None:
            self._end(former)
        return self._space(name, SpaceSettings(scenario), script)

    def _script(self, scenario: str | Scenario | None) -> Script:
        if isinstance(scenario, Scenario):
            return ScenarioScript(scenario)
        name = self.settings.scenario if scenario is None else scenario
        return Script() if name == Script.name else ScenarioScript(scenarios.load(name))

    def _space(self, name: str, chosen: SpaceSettings, script: Script) -> Space:
        settings = self.settings
        kind = chosen.clock_or(settings)
        speed = settings.speed if chosen.speed is None else chosen.speed
        latency_us = settings.latency_for(kind) if chosen.latency_us is None else chosen.latency_us
        space = Space(
            name,
            TABLES,
            clock=ManualClock() if kind == "manual" else RunningClock(unix_time, speed),
            seed=settings.seed if chosen.seed is None else chosen.seed,
            latency_us=latency_us,
            script=script,
            journal_limit=settings.journal_limit,
            journal_bytes=settings.journal_bytes,
            on_bug=self.note_bug,
        )
        self._timers[space] = SpaceTimer(space, self._loop)
        # Rooms will want names soon; getting ready for that in the loop would hold up everybody,
        # and at once it would hold up the answer to the space's first client.
        prepare = partial(self._loop.run_in_executor, None, name_source)
        self._pings.set("names", NAMES_DELAY_S, prepare)
        return space

    def control(self, name: str) -> SpaceControl:
        """The tester's hand on a space. Raises KeyError when there is none of this name."""
        # Imported here: a server that nobody controls should not wait for it at its start.
        from mockserver.control.control import SpaceControl

        space = self.gate.spaces[name]
        control = self._controls.get(name)
        if control is None:
            control = self._controls[name] = SpaceControl(self, space)
        return control

    def rest(self, space: Space) -> RestSpace:
        """What a space keeps for its REST API; made when it is first asked for."""
        # Imported here: most spaces are never asked by REST.
        from mockserver.rest.state import RestSpace

        state = self._rests.get(space)
        if state is None:
            state = self._rests[space] = RestSpace(space)
        return state

    def rearm(self, space: Space, *, changed: bool = False) -> None:
        """Set the timer of a space anew, after something has happened in it.

        Args:
            space: the space.
            changed: whether its clock runs otherwise now, so that the timer is wrong anyway.
        """
        timer = self._timers.get(space)
        if timer is None:
            # It ended while somebody was still at work in it.
            return
        if changed:
            timer.cancel()
        timer.rearm()

    async def drained(self, space: Space) -> None:
        """Return once all that the space has sent so far has been handed to the network."""
        await self.sockets.drained(list(space.sessions.values()))

    def note_bug(self, bug: Exception) -> None:
        """Remember a fault of the mock itself, and log it."""
        self.bugs.append(bug)
        logger.error("a bug in the mock server: %s", bug, exc_info=bug)


def _read_token(token: str, spaces: Mapping[str, Space], space_name: str | None) -> Grant | None:
    # Imported here because most clients have no such token.
    from mockserver.rest import tokens

    return tokens.read(token, spaces, space_name) if token else None


def _ping(session: Session) -> None:
    session.space.tick()
    session.space.ping(session)


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
        return hello(server)
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
    return refusal(server.sockets, request) or upgrade(
        server.sockets, request, request.match_info.get("space")
    )

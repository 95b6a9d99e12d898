"""Passes WebSocket messages between clients and a server, byte for byte, and lets them be kept."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict
from yarl import URL

from mockserver.contract.trace import TO_CLIENT, TO_SERVER
from mockserver.listening import Port

from .keeper import Connection, Keeper

CONNECT_S = 20.0
"""Seconds that the server may take to accept a connection."""

CLOSE_S = 5.0
"""Seconds that either side may take to answer a closing frame."""

_OWN_HEADERS: Final = frozenset(
    {"host", "connection", "upgrade", "content-length", "transfer-encoding", "proxy-connection"}
)
"""What each of the two connections has of its own, besides all of the WebSocket handshake."""

_Socket = web.WebSocketResponse | ClientWebSocketResponse


class CannotListenError(Exception):
    """The address or the port cannot be had; says which and why."""


class _End(NamedTuple):
    """How one side ended its connection; ``code`` is None if it did so without a word."""

    code: int | None
    reason: str


class Proxy:
    """A server for applications, every connection of which leads to another server.

    Args:
        to: the other server, ``ws://…`` or ``wss://…``.
        keeper: keeps what is said.
        host: the address to listen on.
        port: 0 takes a free one.
        tell: gets a sentence about what a person should know.
        lost: gets the error, if the trace cannot be written any more.

    Attributes:
        connections: how many connections led to the server.
    """

    def __init__(
        self,
        to: str,
        keeper: Keeper,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tell: Callable[[str], None],
        lost: Callable[[OSError], None],
    ) -> None:
        self._to = URL(to)
        self._keeper = keeper
        self._host = host
        self._number = port
        self._tell = tell
        self._lost = lost
        self._open: set[tuple[_Socket, _Socket]] = set()
        self._runner: web.AppRunner | None = None
        self._port: Port | None = None
        self._stopping = False
        self.connections = 0

    @property
    def url(self) -> str:
        """Where clients connect, once it has started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        number = self._number if self._port is None else self._port.addresses[0].port
        return f"ws://{host}:{number}"

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListenError: the port cannot be had.
        """
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._accept)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_S)
        await self._runner.setup()
        assert self._runner.server is not None
        port = Port(self._runner.server)
        try:
            await port.open(self._host, self._number)
        except OSError as error:
            await self._runner.cleanup()
            raise CannotListenError(
                f"cannot listen on {self._host} port {self._number}: {error.strerror or error}"
            ) from error
        self._port = port

    async def stop(self) -> None:
        """End all connections, on both sides, with the code for "going away"."""
        self._stopping = True
        if self._port is not None:
            self._port.close()
            await self._port.arrived()
        open_ = [side for both in self._open for side in both]
        await asyncio.gather(
            *(each.close(code=WSCloseCode.GOING_AWAY, message=b"recording ends") for each in open_)
        )
        if self._runner is not None:
            await self._runner.cleanup()

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() != "websocket":
            return web.Response(
                status=426,
                text=f"This records WebSocket connections to {self._to}; this was none.\n",
                headers={"Upgrade": "websocket"},
            )
        protocols = _protocols(request)
        # A session of its own has connections of its own, which end with it in any case.
        async with ClientSession(trust_env=True, timeout=ClientTimeout(connect=CONNECT_S)) as http:
            try:
                server = await http.ws_connect(
                    self._target(request),
                    protocols=protocols,
                    headers=_passed_on(request),
                    autoping=False,
                    autoclose=False,
                    max_msg_size=0,
                    timeout=ClientWSTimeout(ws_close=CLOSE_S),
                )
            except WSServerHandshakeError as error:
                return self._refused(error.status, f"{self._to} refuses: {error.message}")
            except (ClientError, OSError, TimeoutError) as error:
                why = str(error) or f"no answer within {CONNECT_S:.0f} s"
                return self._refused(502, f"cannot reach {self._to}: {why}")
            client = web.WebSocketResponse(
                autoping=False,
                autoclose=False,
                max_msg_size=0,
                timeout=CLOSE_S,
                protocols=(server.protocol,) if server.protocol else (),
            )
            await client.prepare(request)
            self.connections += 1
            both = (client, server)
            self._open.add(both)
            try:
                await self._pass_on(request, client, server)
            finally:
                self._open.discard(both)
                if not server.closed:
                    await _end_without_a_word(server)
        return client

    def _target(self, request: web.Request) -> URL:
        """The path that the client asks for, behind that of the server's address if it has one."""
        base = self._to.path.rstrip("/")
        asked = request.rel_url
        path = base + ("" if asked.path == "/" and base else asked.raw_path)
        return self._to.with_path(path or "/", encoded=True).with_query(asked.query)

    def _refused(self, status: int, why: str) -> web.Response:
        self._tell(why)
        self._kept(self._keeper.note, why)
        return web.Response(status=status, text=f"{why}\n")

    def _kept(self, keep: Callable[..., None], *what: Any) -> None:
        try:
            keep(*what)
        except OSError as error:
            self._lost(error)

    async def _pass_on(
        self, request: web.Request, client: web.WebSocketResponse, server: ClientWebSocketResponse
    ) -> None:
        """Pass messages on in both directions until one side ends, then end the other likewise."""
        connection = self._keeper.connection()
        pumps: dict[asyncio.Task[_End], _Socket] = {
            asyncio.create_task(self._pump(client, server, connection, TO_SERVER)): server,
            asyncio.create_task(self._pump(server, client, connection, TO_CLIENT)): client,
        }
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping:
                return
            for ended in done:
                end, other = ended.result(), pumps[ended]
                self._kept(self._keeper.note, _told(end, connection.session, other is server))
                if end.code is not None:
                    await other.close(code=end.code, message=end.reason.encode())
                elif other is client and request.transport is not None:
                    # The server's connection is gone without a word, so this one goes likewise.
                    request.transport.abort()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        for ended in done:
            end, other = ended.result(), pumps[ended]
            if end.code is not None:
                # The answer to its closing frame, now that the other side has had it.
                side = client if other is server else server
                await side.close(code=end.code, message=end.reason.encode())

    async def _pump(
        self, side: _Socket, other: _Socket, connection: Connection, direction: str
    ) -> _End:
        while True:
            message = await side.receive()
            match message.type:
                case WSMsgType.TEXT:
                    self._kept(connection.text, direction, message.data)
                case WSMsgType.BINARY:
                    self._kept(connection.binary, direction, message.data)
                case WSMsgType.PING | WSMsgType.PONG:
                    pass
                case _:
                    return _end(message)
            # Whoever is gone cannot be told; how it went is seen where it is read from.
            with contextlib.suppress(ConnectionError, ClientError):
                await _send(other, message)


async def _end_without_a_word(server: ClientWebSocketResponse) -> None:
    """End a connection as the client did; closing it afterwards gives it back to aiohttp."""
    plain: socket.socket | None = server.get_extra_info("socket")
    if plain is not None:
        # No closing frame leaves any more. It may have ended by itself, too.
        with contextlib.suppress(OSError):
            plain.shutdown(socket.SHUT_RDWR)
    await server.close()


async def _send(to: _Socket, message: WSMessage) -> None:
    match message.type:
        case WSMsgType.TEXT:
            await to.send_str(message.data)
        case WSMsgType.BINARY:
            await to.send_bytes(message.data)
        case WSMsgType.PING:
            await to.ping(message.data)
        case WSMsgType.PONG:
            await to.pong(message.data)


def _end(message: WSMessage) -> _End:
    if message.type is WSMsgType.CLOSE:
        # A closing frame without a code cannot be sent by aiohttp: 1000 means the same.
        return _End(message.data or WSCloseCode.OK, message.extra or "")
    if message.type is WSMsgType.ERROR and isinstance(message.data, WebSocketError):
        return _End(message.data.code, str(message.data))
    return _End(None, "")


def _told(end: _End, session: str | None, by_client: bool) -> str:
    who = "the application" if by_client else "the server"
    how = "without a closing frame" if end.code is None else f"with code {end.code}"
    return f"connection of {session or 'no session'} closed by {who} {how}"


def _protocols(request: web.Request) -> list[str]:
    listed = request.headers.get("sec-websocket-protocol", "")
    return [each.strip() for each in listed.split(",") if each.strip()]


def _passed_on(request: web.Request) -> CIMultiDict[str]:
    """What the application said in its handshake, its origin and its name included."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.items():
        if name.lower() not in _OWN_HEADERS and not name.lower().startswith("sec-websocket-"):
            headers.add(name, value)
    return headers

"""One socket: JSON-RPC 2.0 in both directions, one object per text message [W]."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any, Literal

import aiohttp

from client_stub.errors import ConnectFailed, ConnectionLost, ServerError

logger = logging.getLogger("client_stub")

Frame = dict[str, Any]
Direction = Literal["to_server", "to_client"]
OnFrame = Callable[[Direction, Frame], object]
"""Is shown each frame, in the order of the wire; tokens are masked as "***"."""

CLOSE_SECONDS = 1.0
"""How long the peer may take over the closing handshake."""


class Connection:
    """A socket that is open. Made by :meth:`open`, of no more use once :attr:`is_open` is false."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        serve: Callable[[Frame], Frame | None],
        on_frame: OnFrame | None,
    ) -> None:
        self._socket = socket
        self._serve = serve
        self._on_frame = on_frame
        self._pending: dict[str, tuple[str, asyncio.Future[Frame]]] = {}
        self._lost: ConnectionLost | None = None
        self._reader = asyncio.create_task(self._read(), name="client_stub reader")

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        serve: Callable[[Frame], Frame | None],
        on_frame: OnFrame | None = None,
    ) -> Connection:
        """Open a socket and begin to read.

        ``serve`` takes each call of the server and gives the result to answer with, or None for no
        answer. It runs in the reader, so it must not block, and no later frame overtakes it.
        Raises ConnectFailed.
        """
        try:
            socket = await http.ws_connect(
                url, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS)
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ConnectFailed(f"no connection to {url}: {error}") from error
        return cls(socket, serve, on_frame)

    @property
    def is_open(self) -> bool:
        """Whether calls can still be sent."""
        # The close code is there as soon as the peer's closing frame has been read.
        return self._lost is None and self._socket.close_code is None

    async def call(self, method: str, params: Frame) -> Frame:
        """Send a call and wait for the ``result`` of its answer, without a limit of its own.

        Raises ServerError for an ``error``, and ConnectionLost.
        """
        id = str(uuid.uuid4())
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._pending[id] = (method, answer)
        try:
            await self._send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
            return await answer
        finally:
            self._pending.pop(id, None)

    async def wait_closed(self) -> None:
        """Return once the socket is closed, by whichever side."""
        await asyncio.wait({self._reader})

    def abort(self, lost: ConnectionLost) -> None:
        """Give up at once: every pending call raises ``lost``."""
        self._fail(lost)
        self._reader.cancel()

    async def close(self, lost: ConnectionLost) -> None:
        """Abort, and wait for the closing handshake, twice ``CLOSE_SECONDS`` at the very most."""
        self.abort(lost)
        await asyncio.wait({self._reader}, timeout=2 * CLOSE_SECONDS)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
        except ConnectionLost:
            pass  # an answer could not be sent: the same loss, seen from the other side
        finally:
            self._fail(ConnectionLost(f"connection lost (close code {self._socket.close_code})"))
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._socket.close()

    async def _take(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError) as error:
            logger.warning("ignored a message that is not JSON (%s): %.200s", error, text)
            return
        if not isinstance(frame, dict):
            logger.warning("ignored a message that is not an object: %.200s", text)
            return
        self._show("to_client", frame)
        if "method" in frame:
            result = self._serve(frame)
            if result is not None and "id" in frame:
                await self._send({"jsonrpc": "2.0", "id": frame["id"], "result": result})
        else:
            self._settle(frame)

    def _settle(self, frame: Frame) -> None:
        id = frame.get("id")
        method, answer = self._pending.get(id, ("", None)) if isinstance(id, str) else ("", None)
        if answer is None or answer.done():
            logger.debug("an answer that nobody waits for: %s", frame)
            return
        error = frame.get("error")
        if error:
            details = error if isinstance(error, dict) else {"message": str(error)}
            answer.set_exception(ServerError(method, details))
        else:
            result = frame.get("result")
            answer.set_result(result if isinstance(result, dict) else {})

    async def _send(self, frame: Frame) -> None:
        if self._lost is not None:
            raise self._lost
        self._show("to_server", frame)
        try:
            await self._socket.send_str(json.dumps(frame))
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(f"connection lost while sending: {error}") from error

    def _show(self, direction: Direction, frame: Frame) -> None:
        if self._on_frame is None:
            return
        try:
            self._on_frame(direction, _masked(frame))
        except Exception:
            logger.exception("on_frame failed")

    def _fail(self, lost: ConnectionLost) -> None:
        if self._lost is None:
            self._lost = lost
        for method, answer in self._pending.values():
            if not answer.done():
                answer.set_exception(type(lost)(f"{method}: {lost}"))


def _masked(frame: Frame) -> Frame:
    if frame.get("method") != "signalwire.connect":
        return frame
    params = frame["params"]
    authentication = {**params["authentication"], "token": "***"}
    return {**frame, "params": {**params, "authentication": authentication}}

"""What each fault of sockets does: one function each. The engine says when (``engine/faults``).

A function of `ON_SOCKET` gets the socket, which has sent all that was queued before as far as its
client takes it, and the strike, whose arguments are those of ``schemas/faults/NAME.json``. A strike
that ``is_over`` ends what the same injection began. Those of `AT_DOOR` get all sockets of the
server, and the space into which the fault was injected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from mockserver.engine import MICROSECONDS, Space, Strike

from .door import Lent
from .outage import Outage
from .socket import reset
from .wires import Fragmented, Slow, Still

if TYPE_CHECKING:
    from .socket import Socket
    from .table import Sockets

DEFAULT_LATE_US = 10 * MICROSECONDS

SERVICE_RESTART = 1012
"""The close code of a server that restarts (IANA's registry of WebSocket close codes)."""


# On a socket


def _close(socket: Socket, strike: Strike) -> None:
    arguments = strike.arguments
    socket.connection.close(arguments.get("code", 1011), arguments.get("reason", "a fault"))


def _reset(socket: Socket, strike: Strike) -> None:
    socket.reset()


def _disconnect(socket: Socket, strike: Strike) -> None:
    session = socket.connection.session
    if session is not None:
        session.space.disconnect(session)


def _still(socket: Socket, strike: Strike) -> None:
    if strike.is_over:
        socket.unwire(strike.injection)
        socket.ping_delay_s = 0.0
    else:
        socket.rewire(partial(Still, injection=strike.injection))
        # Nobody is there who could find out that the client answers no pings.
        socket.ping_delay_s = None


def _slow(socket: Socket, strike: Strike) -> None:
    if strike.is_over:
        socket.unwire(strike.injection)
    else:
        rate = strike.arguments.get("bytes_per_s", 1000)
        socket.rewire(partial(Slow, injection=strike.injection, bytes_per_s=rate))


def _fragment(socket: Socket, strike: Strike) -> None:
    if strike.is_over:
        socket.unwire(strike.injection)
    else:
        size = strike.arguments.get("bytes", 1)
        socket.rewire(partial(Fragmented, injection=strike.injection, size=size))


def _no_pings(socket: Socket, strike: Strike) -> None:
    socket.ping_delay_s = 0.0 if strike.is_over else None


def _late_pings(socket: Socket, strike: Strike) -> None:
    late_us = strike.arguments.get("by_us", DEFAULT_LATE_US)
    socket.ping_delay_s = 0.0 if strike.is_over else late_us / MICROSECONDS


ON_SOCKET: Mapping[str, Callable[[Socket, Strike], None]] = {
    "close": _close,
    "reset": _reset,
    "disconnect": _disconnect,
    "half_open": _still,
    "stall": _still,
    "slow": _slow,
    "fragment": _fragment,
    "no_pings": _no_pings,
    "late_pings": _late_pings,
}


# At the door


@dataclass(slots=True)
class DoorFault:
    """A fault that meets those who connect to a space.

    Attributes:
        space: the space. Clients whose URL names no space may be on their way to any.
        strike: the fault, and its arguments.
        left: how many connections it still meets; None: all, until it is over.
        over: set when it is over.
    """

    space: Space
    strike: Strike
    left: int | None
    over: asyncio.Event


def _begin_at_door(sockets: Sockets, space: Space, strike: Strike) -> None:
    if not strike.is_over:
        left = strike.arguments.get("times", None if "for_us" in strike.arguments else 1)
        sockets.door_faults.append(DoorFault(space, strike, left, asyncio.Event()))
        return
    for fault in list(sockets.door_faults):
        if fault.space is space and fault.strike.injection == strike.injection:
            sockets.door_faults.remove(fault)
            fault.over.set()


def _redeploy(sockets: Sockets, space: Space, strike: Strike) -> None:
    for session in list(space.sessions.values()):
        connection = session.connection
        space.forget(session)
        if connection is not None:
            connection.close(SERVICE_RESTART, "the service was deployed again")


def _restart(sockets: Sockets, space: Space, strike: Strike) -> None:
    assert sockets.port is not None
    if sockets.outage is None:
        sockets.outage = Outage(sockets.port)
    if strike.is_over:
        sockets.outage.end(space, strike)
    else:
        sockets.outage.begin(space, strike)
        _redeploy(sockets, space, strike)


AT_DOOR: Mapping[str, Callable[[Sockets, Space, Strike], None]] = {
    "refuse_connections": _begin_at_door,
    "no_handshake": _begin_at_door,
    "reject_handshake": _begin_at_door,
    "redeploy": _redeploy,
    "restart": _restart,
}

Answer = Callable[[DoorFault, web.Request], Awaitable[web.StreamResponse]]


async def meet(
    sockets: Sockets, request: web.Request, space_name: str | None
) -> web.StreamResponse | None:
    """What somebody who connects meets in place of a handshake; None: nothing, all goes well.

    Args:
        sockets: all sockets of the server.
        request: asks for a WebSocket.
        space_name: the space that its URL names.
    """
    if sockets.outage is not None and sockets.outage.goes_on:
        # By a connection from before the port was closed.
        return _cut(request)
    for fault in sockets.door_faults:
        if space_name not in (None, fault.space.name) or not _strikes(fault):
            continue
        name, number = fault.strike.fault, fault.strike.injection
        text = f"fault {number}, {name}, strikes somebody who connects"
        fault.space.journal.note(fault.space.now, None, text)
        if fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                fault.space.faults.withdraw(number)
        return await _ANSWERS[name](fault, request)
    return None


def _strikes(fault: DoorFault) -> bool:
    number = fault.strike.injection
    injection = next((each for each in fault.space.faults.active if each.number == number), None)
    return injection is not None and injection.has_chance()


def _cut(request: web.Request) -> web.StreamResponse:
    if isinstance(lent := request.transport, Lent):
        reset(lent)
    return web.Response()


async def _refuse(fault: DoorFault, request: web.Request) -> web.StreamResponse:
    return _cut(request)


async def _keep_waiting(fault: DoorFault, request: web.Request) -> web.StreamResponse:
    # Until the fault is over, or the client goes, which ends this handler.
    if fault.left != 0:
        await fault.over.wait()
        return _cut(request)
    await asyncio.Event().wait()
    return web.Response()


async def _reject(fault: DoorFault, request: web.Request) -> web.StreamResponse:
    return web.Response(status=fault.strike.arguments.get("status", 503))


_ANSWERS: Mapping[str, Answer] = {
    "refuse_connections": _refuse,
    "no_handshake": _keep_waiting,
    "reject_handshake": _reject,
}

"""When a fault of sockets or sessions strikes; what one of sockets does then is the shell's.

A fault with ``events`` or ``method`` strikes the connection on which such a frame is sent: after
the frame, or with ``before`` instead of it. Any other strikes at once the connections of all
sessions that it is for, or, where none is connected, the next that is. One that lasts strikes also
those that connect while it does; one with ``times`` strikes so many times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sessions import ON_SESSION, REFUSE_RESUME
from .strike import Strike

if TYPE_CHECKING:
    from mockserver.engine.session import Session
    from mockserver.engine.space import Space

    from .injection import Injection


def begin(space: Space, injection: Injection) -> bool:
    """Strike what there is to strike when the fault is injected; returns whether there was any."""
    if injection.fault.at_door:
        space.strike_door(_strike(injection))
        return True
    if injection.has_frame_filter or injection.fault.name == REFUSE_RESUME:
        return False
    connected = [each for each in space.sessions.values() if not each.is_away]
    struck = [each for each in connected if injection.is_for_session(each.name)]
    for session in struck:
        strike(space, injection, session)
    return bool(struck)


def strike(space: Space, injection: Injection, session: Session) -> None:
    """Strike the connection of a session, if it has one."""
    connection = session.connection
    if connection is None or not connection.is_open:
        return
    number, name = injection.number, injection.fault.name
    space.journal.note(space.now, session.name, f"fault {number}, {name}, strikes {session.name}")
    if injection.fault.layer == "session":
        ON_SESSION[name](space, injection, session)
    else:
        connection.strike(_strike(injection))


def end(space: Space, injection: Injection) -> None:
    """End what the fault began, where that goes on."""
    if not injection.fault.lasts or injection.fault.layer != "socket":
        return
    if injection.fault.at_door:
        space.strike_door(_strike(injection, is_over=True))
        return
    for session in space.sessions.values():
        if session.connection is not None and injection.is_for_session(session.name):
            session.connection.strike(_strike(injection, is_over=True))


def _strike(injection: Injection, *, is_over: bool = False) -> Strike:
    return Strike(injection.fault.name, injection.arguments, injection.number, is_over)

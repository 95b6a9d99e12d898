"""What can be done to all sessions of a space. Namespaces have tables of their own.

Scripts, the control API and the Python handles act by these rows and by those of the namespaces
(``namespaces.ACTIONS`` has all), so all of them can do the same. ``schemas/actions/`` describes the
arguments of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .namespace import Action, Arguments

if TYPE_CHECKING:
    from .space import Space


def _set_latency(space: Space, arguments: Arguments) -> None:
    space.latency_us = arguments["latency_us"]


def _drop_connections(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.drop(session)


def _disconnect(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.disconnect(session)


def _set_permissions(space: Space, arguments: Arguments) -> None:
    permissions = arguments["permissions"]
    space.permissions = None if permissions is None else frozenset(permissions)


def _fault(space: Space, arguments: Arguments) -> None:
    space.faults.inject(arguments["name"], arguments.get("parameters"))


ACTIONS = {
    "fault": Action(_fault),
    "set_latency": Action(_set_latency),
    "drop_connections": Action(_drop_connections),
    "disconnect": Action(_disconnect),
    "set_permissions": Action(_set_permissions),
}

"""What a row of the table says, and what a handler is given."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from aiohttp import web

from mockserver.protocol import catalogue

from .context import Context, Host
from .problems import HttpProblem

if TYPE_CHECKING:
    from mockserver.control.control import SpaceControl


S = TypeVar("S", bound=Host)
"""The server that a table of endpoints belongs to."""


@dataclass(frozen=True, slots=True)
class CallTo(Generic[S]):
    """A request whose every part has been checked.

    Attributes:
        server: the server.
        request: the request itself, for the few who need more of it.
        path: the variable parts of the path, decoded.
        query: what the query says, by its shape.
        body: what the body says, by its shape; empty when the endpoint takes none.
    """

    server: S
    request: web.Request
    path: dict[str, str]
    query: dict[str, Any]
    body: dict[str, Any]

    @property
    def control(self) -> SpaceControl:
        """The tester's hand on the space that the path names.

        Raises:
            HttpProblem: 404 when there is none of this name.
        """
        name = self.path["space"]
        if name not in self.server.spaces:
            raise no_such_space(self.server.spaces, name)
        return self.server.spaces.control(name)


def no_such_space(spaces: Iterable[str], name: str) -> HttpProblem:
    """The problem of a name that no space has."""
    there = sorted(spaces)
    near = catalogue.nearest(name, there)
    hint = f'did you mean "{near[0]}"?' if near else f"there is: {', '.join(there) or 'none yet'}"
    return HttpProblem(404, f'no space "{name}"; {hint}')


@dataclass(frozen=True, slots=True)
class EndpointOf(Generic[S]):
    """One row: a method on a path, and what goes in and comes out.

    Attributes:
        method: of HTTP.
        path: below the prefix, ``{name}`` for what varies.
        handler: does it; returns what is answered as JSON, or a whole response. Its name is the
            operation's, and its docstring tells people what it does.
        body: the shape of the body; None when there is none.
        query: the shape of the query; None when there is none.
        answer: the shape of the answer; None when there is nothing to say.
        status: of the answer.
        problems: statuses of problems besides those that any request can meet.
        takes: the type of a body that is not a JSON object, which the handler reads itself.
        media: types of the answer, the usual one first; shapes describe JSON only.
    """

    method: str
    path: str
    handler: Callable[[CallTo[S]], Awaitable[Any]]
    body: str | None = None
    query: str | None = None
    answer: str | None = None
    status: int = 200
    problems: tuple[int, ...] = ()
    media: tuple[str, ...] = ("application/json",)
    takes: str | None = None

    @property
    def operation(self) -> str:
        """The name that programs may know it by: ``start_room``."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return self._told()[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of what there is to say; may be empty."""
        return self._told()[1]

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of the problems that it can answer with, sorted."""
        found = {400, 401, 403, *self.problems}
        if "{" in self.path:
            found.add(404)
        if self.method != "GET":
            found |= {408, 413, 415, 422}
        return tuple(sorted(found))

    def _told(self) -> tuple[str, str]:
        text = inspect.cleandoc(self.handler.__doc__ or "").replace("``", "`")
        first, _, rest = text.partition("\n\n")
        return " ".join(first.split()), " ".join(rest.split())


Call: TypeAlias = CallTo[Context]
"""A request for the control API."""


class Endpoint(EndpointOf[Context]):
    """A row of the control API."""

    __slots__ = ()

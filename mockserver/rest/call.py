"""A request as handlers take it: checked, and with the state that it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from . import paging
from .checking import Values
from .state import RestSpace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose every part has been checked.

    Attributes:
        state: what its space keeps for REST.
        project: the user name of its Basic authentication: the project's id.
        path: the variable parts of the path, decoded.
        query: what the query says, by its schema.
        given: the query as it came.
        body: what the body says, by its schema.
        origin: scheme and host that were asked: ``http://127.0.0.1:8787``.
        base: the origin, and the path of the space where the URL names one.
        here: the whole address without its query.
    """

    state: RestSpace
    project: str
    path: dict[str, str]
    query: Values
    given: dict[str, str]
    body: Values
    origin: str
    base: str
    here: str

    def page(
        self, items: Sequence[T], key: Callable[[T], str], view: Callable[[T], dict[str, Any]]
    ) -> dict[str, Any]:
        """The page of a list that the query asks for.

        Args:
            items: the whole list, in its order.
            key: an item's id.
            view: an item as REST shows it.
        """
        chosen, links = paging.page(items, self.query, url=self.here, given=self.given, key=key)
        return {"links": links, "data": [view(each) for each in chosen]}

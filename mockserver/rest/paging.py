"""Lists: a page of a list, and links to its neighbours [R].

The token of a page names the first object of the first page. What is added in front of it later
does not move the pages that follow [A].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from .errors import MISSING, invalid

T = TypeVar("T")

TOKEN = "PA"
"""How tokens of pages begin [R]."""


def page(
    items: Sequence[T],
    query: dict[str, Any],
    *,
    url: str,
    given: dict[str, str],
    key: Callable[[T], str],
) -> tuple[list[T], dict[str, str]]:
    """Choose a page of a list.

    Args:
        items: the whole list, in its order.
        query: the checked query, with ``page_number``, ``page_size`` and perhaps ``page_token``.
        url: the address of the list, without query.
        given: the query as it came; its other keys stay in the links.
        key: an item's id.

    Returns:
        The items of the page, and its links.

    Raises:
        RestError: 422 for a page after the first without its token.
    """
    number, size, token = query["page_number"], query["page_size"], query.get("page_token")
    if number > 0 and token is None:
        raise invalid(
            "page_token",
            'page_token: expected the token of a "next" link, found nothing; '
            "pages after the first need it",
            MISSING,
        )
    first = _start(items, token, key)
    begin = first + number * size
    others = {name: value for name, value in given.items() if not name.startswith("page_")}

    def link(to: int) -> str:
        values = {**others, "page_number": str(to), "page_size": str(size)}
        if to > 0:
            values["page_token"] = token or TOKEN + key(items[first])
        elif token is not None:
            values["page_token"] = token
        return f"{url}?{urlencode(values)}"

    links = {"self": link(number), "first": link(0)}
    if begin + size < len(items):
        links["next"] = link(number + 1)
    if number > 0:
        links["prev"] = link(number - 1)
    return list(items[begin : begin + size]), links


def _start(items: Sequence[T], token: str | None, key: Callable[[T], str]) -> int:
    """Where the first page begins: at the object that the token names, if it is still there."""
    if token is None:
        return 0
    wanted = token[len(TOKEN) :]
    return next((place for place, each in enumerate(items) if key(each) == wanted), 0)

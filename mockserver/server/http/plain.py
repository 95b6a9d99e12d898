"""aiohttp's end of a connection that is no WebSocket, with errors in this server's words.

What aiohttp refuses by itself reaches no handler: bytes that are no HTTP, a line that is too long,
a body in an encoding that nobody knows. There may be no path by then, so whoever sent it gets a
problem document, wherever it was to go.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMethod,
    HttpProcessingError,
    InvalidURLError,
    LineTooLong,
)

from .guard import HEADERS
from .problems import HttpProblem

logger = logging.getLogger(__name__)

_TARGET = re.compile(rb"(?:[A-Z]+ )?(?:/|https?://)")
"""How a request line begins, or its target, of which aiohttp tells no more than the bytes."""


class Plain(web.RequestHandler):
    """Serves HTTP on one connection, and writes no access log."""

    __slots__ = ()

    def __init__(self, http: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(http, loop=loop, access_log=None)  # type: ignore[arg-type]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what aiohttp cannot read, or to what no handler has caught.

        Raises:
            ConnectionError: there is nobody to answer.
        """
        if isinstance(exc, ConnectionError):
            raise exc
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        response = unreadable(exc).response()
        response.headers.update(HEADERS)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log a fault; a client that breaks off, or sends a broken body, is none of this server."""
        if isinstance(kw.get("exc_info"), ConnectionError | web.RequestPayloadError):
            self.log_debug(*args, **kw)
        else:
            super().log_exception(*args, **kw)


def unreadable(error: HttpProcessingError) -> HttpProblem:
    """The problem of a request that aiohttp could not read. It is logged."""
    if isinstance(error, LineTooLong):
        line, limit, *_ = error.args
        is_target = _TARGET.match(bytes(line)) is not None
        status = 414 if is_target else 431
        what = "the request line" if is_target else "a header field"
        reason, shown = f"{what} has more than {limit} bytes", ""
    elif isinstance(error, InvalidURLError) and len(error.message.splitlines()) == 1:
        status, reason, shown = 400, "there is no such URL", f": {error.message}"
    else:
        # Below the reason are the bytes, and a mark below these.
        status = 400
        reason, *lines = filter(None, (each.strip(" ^:") for each in error.message.splitlines()))
        shown = "".join(f": {each}" for each in lines)
    if isinstance(error, BadHttpMethod):
        # A TLS client's bytes, for instance, of which there is a warning already.
        level = logging.DEBUG
        shown += "; what is left of a body whose Content-Length is too small looks like this, too"
    else:
        level = logging.WARNING
    # The bytes are the client's own, and may be a token: they are for the client alone.
    logger.log(level, "a request was refused with %d: %s", status, reason)
    return HttpProblem(status, f"the request cannot be read: {reason}{shown}")

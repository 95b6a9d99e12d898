"""Who may talk to the server over HTTP: no page of another origin, and no stranger.

A page that somebody has open in a browser can send requests to loopback. It cannot do so without
saying which origin it is of (``Origin``, ``Sec-Fetch-Site``), or under which name it found the
server (``Host``; DNS rebinding), and it cannot send JSON elsewhere without being asked first. All
of these are checked, and no answer ever allows another origin to read it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from .problems import HttpProblem

FOREIGN_SITES = ("cross-site", "same-site")
WILDCARDS = ("", "0.0.0.0", "::")
"""Addresses that stand for every address of the machine."""

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\s]+)(?::[0-9]*)?")

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer of the control API: nobody keeps, embeds or guesses at them."""


def is_loopback(host: str) -> bool:
    """Whether a name or an address (IPv6 without brackets) means this machine and no other."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Decides by a request's headers alone.

    Args:
        host: what the server is bound to.
        token: what the control API asks for. None: nothing while the server is bound to loopback,
            else a token of this run's own.

    Attributes:
        token: what has to be given, or None.
    """

    def __init__(self, host: str, token: str | None) -> None:
        self._host = host.lower()
        self.token = token
        if token is None and not is_loopback(host):
            self.token = secrets.token_urlsafe(24)

    def check_control(self, request: web.Request) -> None:
        """Let a request for the control API in.

        Raises:
            HttpProblem: 400 for a header that is no text, 403 for a foreign name or origin, 401
                without the token.
        """
        _check_readable(request)
        self._check_host(request)
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site")
        own = {f"{scheme}://{request.headers.get('Host')}" for scheme in ("http", "https")}
        if (origin is not None and origin not in own) or site in FOREIGN_SITES:
            who = f'a page of "{origin}"' if origin is not None else "a page of another site"
            raise HttpProblem(
                403, f"the control API is not for {who}: no page of another origin can use it"
            )
        self._check_token(request)

    def check_websocket(self, request: web.Request) -> None:
        """Let a client's WebSocket in. Clients that are not browsers send no origin.

        A page is this machine's own if its origin is loopback, the address that the server was
        told to listen on, or the very IP address that it connects to. A name that is the same in
        both is not proof: a page's own name can be made to point here (DNS rebinding).

        Raises:
            HttpProblem: 400 for a header that is no text, 403 for a page that is not this
                machine's own.
        """
        _check_readable(request)
        origin = request.headers.get("Origin")
        if origin is None:
            return
        host = _origin_host(origin)
        told = _host_of(request.headers.get("Host", ""))
        is_own = host is not None and (
            is_loopback(host)
            or (host.lower() == self._host and self._host not in WILDCARDS)
            or (host == told and _is_address(host))
        )
        if not is_own:
            raise HttpProblem(
                403,
                f'a page of "{origin}" cannot connect; pages of this machine can '
                "(http://localhost, http://127.0.0.1), and programs that are no pages",
            )

    def check_rest(self, request: web.Request, *, by_link: bool = False) -> None:
        """Let a request for the REST API in, whose clients are programs.

        A browser says of a page's GET where it comes from by ``Sec-Fetch-Site`` at best: a page
        whose own name was made to point here sends neither that nor ``Origin``. So ``Host`` is
        looked at, but for TLS: no such page has a certificate that fits.

        Args:
            request: the request.
            by_link: whether it follows a link that was handed out, as a page of any site may.

        Raises:
            HttpProblem: 400 for a header that is no text, 403 for a foreign name or page.
        """
        self.check_websocket(request)
        if not request.secure:
            self._check_host(request)
        headers = request.headers
        site = headers.get("Sec-Fetch-Site")
        if not by_link and "Origin" not in headers and site in FOREIGN_SITES:
            raise HttpProblem(403, "the REST API is for programs, and not for pages of other sites")

    def _check_host(self, request: web.Request) -> None:
        told = request.headers.get("Host", "")
        host = _host_of(told)
        if host is None or not self._is_own(host):
            raise HttpProblem(
                403,
                f'this server is not known as "{told}": use localhost, 127.0.0.1, [::1] or the '
                "address that it was told to listen on",
            )

    def _is_own(self, host: str) -> bool:
        # Bound to every address, the server cannot know its names; then the token is what guards.
        return is_loopback(host) or self._host in WILDCARDS or host.lower() == self._host

    def _check_token(self, request: web.Request) -> None:
        if self.token is None:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(
            given.strip().encode("utf-8", "replace"), self.token.encode("utf-8", "replace")
        )
        if scheme.lower() != "bearer" or not right:
            raise HttpProblem(
                401,
                "the control API of this server needs the token that it was started with, or that "
                "it printed and wrote to its ready file: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )


def _check_readable(request: web.Request) -> None:
    """Make sure that what headers say can be sent and logged.

    Raises:
        HttpProblem: 400 for bytes that are no UTF-8.
    """
    for name, value in request.raw_headers:
        if not value.isascii():
            try:
                value.decode()
            except UnicodeDecodeError:
                told = name.decode("ascii", "replace")
                raise HttpProblem(400, f"the header {told} is not UTF-8") from None


def _origin_host(origin: str) -> str | None:
    """The host of ``http://localhost:3000``; None for ``null`` and what is not an origin."""
    try:
        return _host_of(urlsplit(origin).netloc)
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _host_of(authority: str) -> str | None:
    """The host of ``127.0.0.1:8787`` or ``[::1]:8787``; None when it is nothing of the kind."""
    match = _AUTHORITY.fullmatch(authority)
    return match[1].strip("[]") if match else None

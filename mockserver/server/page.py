"""Serves the inspector page. It may be opened from anywhere: it holds no data.

What the page shows it asks the control API for, which answers the server's own pages only.
"""

from __future__ import annotations

from aiohttp import web

from mockserver import page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
"""The page runs its own code, talks to its own server, and does nothing else."""

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def shell() -> web.Response:
    """The page itself."""
    return _file("index.html", "text/html")


def asset(name: str) -> web.Response:
    """What the page asks for next: its script, its style."""
    kind = page.FILES.get(name)
    if kind is None:
        raise web.HTTPNotFound(text=f"there is: {', '.join(page.FILES)}\n")
    return _file(name, kind)


def _file(name: str, kind: str) -> web.Response:
    response = web.Response(
        body=page.read(name), content_type=kind, charset="utf-8", headers=HEADERS
    )
    response.enable_compression(web.ContentCoding.gzip)
    return response

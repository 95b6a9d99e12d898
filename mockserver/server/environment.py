"""The environment variables by which an application finds its SignalWire project, and the mock."""

from __future__ import annotations

PROJECT = ("SW_PROJECT", "SIGNALWIRE_PROJECT_ID", "PROJECT_ID")
TOKEN = ("SW_TOKEN", "SIGNALWIRE_API_TOKEN", "SIGNALWIRE_TOKEN", "API_TOKEN")
HOST = ("SIGNALWIRE_HOST", "SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL", "MOCK_SIGNALWIRE_URL")
HTTP = ("MOCK_SIGNALWIRE_HTTP",)


def environment(url: str, http_url: str, project: str, token: str) -> dict[str, str]:
    """The variables of a program that is to talk to the mock.

    The vendor's Realtime client reads ``SW_PROJECT`` and ``SW_TOKEN`` [T]; the others are what SDKs
    for other APIs, examples and applications use. Hosts are whole URLs, with ``ws://``.

    Args:
        url: where clients connect.
        http_url: where the control API is.
        project: the project id.
        token: the token.
    """
    values = ((PROJECT, project), (TOKEN, token), (HOST, url), (HTTP, http_url))
    return {name: value for names, value in values for name in names}

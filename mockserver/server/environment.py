"""The environment variables by which an application finds its SignalWire project, and the mock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .tls import TRUST

PROJECT = ("SW_PROJECT", "SIGNALWIRE_PROJECT_ID", "PROJECT_ID")
TOKEN = ("SW_TOKEN", "SIGNALWIRE_API_TOKEN", "SIGNALWIRE_TOKEN", "API_TOKEN")
SPACE = ("SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL")
"""HOST:PORT. Applications put these into ``https://$SIGNALWIRE_SPACE/api/…``; the vendor's REST
clients do the same with ``SIGNALWIRE_SPACE_URL=example.signalwire.com`` [D]."""

HOST = ("SIGNALWIRE_HOST",)
"""A URL with ``ws://``. Applications pass it on as the Realtime client's option ``host``, and the
client puts ``wss://`` before a host without a scheme."""

OWN_URL, OWN_HTTP = OWN = ("MOCK_SIGNALWIRE_URL", "MOCK_SIGNALWIRE_HTTP")
"""The mock's own variables: where clients connect, and where the control API is."""

NO_PROXY = ("NO_PROXY", "no_proxy")


def environment(
    url: str, http_url: str, project: str, token: str, *, trusted: Path | None = None
) -> dict[str, str]:
    """The variables of a program that is to talk to the mock.

    The vendor's Realtime client reads ``SW_PROJECT`` and ``SW_TOKEN`` [T]; the others are what SDKs
    for other APIs, examples and applications use.

    Args:
        url: where clients connect.
        http_url: where the control API is.
        project: the project id.
        token: the token.
        trusted: a file of all whom the program has to trust, see ``Identity.bundle``; None on a
            plain port.
    """
    space = urlsplit(http_url).netloc
    values = ((PROJECT, project), (TOKEN, token), (SPACE, space), (HOST, url))
    shared = {name: value for names, value in values for name in names}
    trust = {} if trusted is None else dict.fromkeys(TRUST, str(trusted))
    return {**shared, OWN_URL: url, OWN_HTTP: http_url, **trust}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed in an environment.

    Attributes:
        set: variables and their new values.
        kept: variables that keep another value than the mock's, because they were set.
    """

    set: dict[str, str]
    kept: list[str]


def changes(
    present: Mapping[str, str], wanted: Mapping[str, str], *, override: bool = False
) -> Changes:
    """What to change so that a program finds the mock, and reaches it without a proxy.

    Args:
        present: the environment as it is.
        wanted: the variables, as ``environment`` gives them.
        override: replace variables that are set; otherwise they are kept. Those that only the mock
            has are always replaced, and those of certificates, whose new file has what the former
            one had. One that is empty counts as not set.
    """
    kept = [
        name
        for name, value in wanted.items()
        if not override
        and name not in (*OWN, *TRUST)
        and present.get(name) not in (None, "", value)
    ]
    new = {name: value for name, value in wanted.items() if name not in kept}
    host = urlsplit(wanted[OWN_HTTP]).hostname or ""
    return Changes(new | _without_proxy(present, host), kept)


def _without_proxy(present: Mapping[str, str], host: str) -> dict[str, str]:
    """Both spellings of the list of hosts that need no proxy, with this host among them.

    Programs read one of the two: the one that was not set must not hide what the other lists.
    """
    upper, lower = (present.get(name, "") for name in NO_PROXY)
    lists = {}
    for name, value in zip(NO_PROXY, (upper or lower, lower or upper), strict=True):
        hosts = [each.strip() for each in value.split(",") if each.strip()]
        if host not in hosts and "*" not in hosts:
            hosts.append(host)
        lists[name] = ",".join(hosts)
    return lists

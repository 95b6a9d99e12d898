"""``python -m mockserver stand-in``: a server in the place of one that the vendor's tests start."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from .arguments import port
from .exits import EXIT_BUG, EXIT_OK, fail
from .serve import without_certificates

if TYPE_CHECKING:
    from mockserver.server.standins.listener import StandIn


class Described(NamedTuple):
    """What is known of a stand-in before it is loaded.

    Attributes:
        about: what it offers.
        module: where its class is, in ``mockserver.server.standins``.
        kind: the name of the class.
        port: the usual one.
        variable: the environment variable by which the vendor's tests name the port.
        strict: the environment variable that is 1 where the vendor's tests want strict mode.
    """

    about: str
    module: str
    kind: str
    port: int
    variable: str
    strict: str

    def make(self, host: str) -> StandIn:
        """Load it, and make one that is to listen on this address."""
        module = import_module(f"mockserver.server.standins.{self.module}")
        strict = os.environ.get(self.strict) == "1"
        made: StandIn = getattr(module, self.kind)(host, strict=strict)
        return made


STAND_INS = {
    "mock_signalwire": Described(
        "the REST API, for the REST tests of the vendor's SDKs",
        "signalwire",
        "MockSignalWire",
        8765,
        "MOCK_SIGNALWIRE_PORT",
        "MOCK_SIGNALWIRE_STRICT",
    ),
}
"""By the name of what they stand for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "The vendor's SDKs are tested against servers that only their authors have. A stand-in "
        "takes the place of one of them: the same arguments, ports and control API, with the mock "
        "behind it. It listens on loopback alone, because it shows the credentials that it is sent."
    )
    parser.add_argument(
        "name",
        choices=STAND_INS,
        metavar="NAME",
        help="; ".join(f"{name}: {each.about}" for name, each in STAND_INS.items()),
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    usual = ", ".join(f"{each.variable} or {each.port}" for each in STAND_INS.values())
    parser.add_argument("--port", type=port, help=f"port; 0 takes a free one ({usual})")
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="how much to tell (%(default)s)",
    )
    parser.epilog = "example: python -m mockserver stand-in mock_signalwire --port 8765"


def execute(options: argparse.Namespace) -> int:
    """Serve; returns the exit code."""
    with without_certificates():
        from mockserver.server.run import CannotListenError
        from mockserver.server.standins.listener import NotLoopbackError, run

        described = STAND_INS[options.name]
        stand_in = described.make(options.host)

    chosen = options.port
    if chosen is None:
        given = os.environ.get(described.variable) or str(described.port)
        try:
            chosen = port(given)
        except argparse.ArgumentTypeError as error:
            return fail(f"{described.variable}: {error}")
    try:
        bugs = run(
            options.name,
            stand_in,
            host=options.host,
            port=chosen,
            log_level=options.log_level,
        )
    except (CannotListenError, NotLoopbackError) as error:
        return fail(str(error))
    if bugs:
        return fail(f"the stand-in had {bugs} bugs of its own, see the log above", EXIT_BUG)
    return EXIT_OK

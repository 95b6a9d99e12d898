"""The arguments that several commands have, and the types of arguments."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.control.options import SpaceOptions
    from mockserver.server import Settings
    from mockserver.server.tls import Tls

RUN_EXAMPLE = "python -m mockserver run -- npm test"


def add_space_options(
    parser: argparse.ArgumentParser, *, without: Collection[str] = (), **own_defaults: object
) -> None:
    """Add the options of a space, as their schema describes them.

    Args:
        parser: of the command.
        without: options that make no sense for the command.
        own_defaults: where the command's defaults differ from the schema's.
    """
    from mockserver.control import options

    defaults = {**options.defaults(), **own_defaults}
    for name, schema in options.described().items():
        if name not in without:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                default=defaults.get(name),
                help=_help(schema, defaults.get(name)),
                **_taking(name, schema),
            )


def _help(schema: Mapping[str, Any], default: object) -> str:
    text = schema["description"].rstrip(".")
    words = [text[0].lower() + text[1:]]
    if "enum" not in schema and schema.get("type") in ("string", "array"):
        words.append(f": {schema['x-expected']}")
    if default is not None:
        words.append(f" ({','.join(default) if isinstance(default, list) else default})")
    return "".join(words).replace("%", "%%")


def _taking(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """How argparse reads an option and shows what it takes."""
    if "enum" in schema:
        return {"choices": schema["enum"]}
    kind = schema.get("x-kind", schema.get("type"))
    return {"type": partial(_read, name), "metavar": _METAVARS.get(kind, name.upper())}


_METAVARS = {"object": "NAME=N,…", "duration": "DURATION", "integer": "N", "number": "X"}


def _read(name: str, text: str) -> Any:
    from mockserver.control import options

    is_duration = options.described()[name].get("x-kind") == "duration"
    if is_duration and re.fullmatch(r"\d+(\.\d+)?", text) and float(text) != 0:
        # Elsewhere it is a number of seconds. Here it used to be milliseconds, and a server that
        # waits for 30 s where 30 ms were meant would look like one that hangs.
        raise argparse.ArgumentTypeError(f"{text} of what? Say {text}ms or {text}s")
    try:
        return options.read(name, text)
    except options.OptionError as error:
        expected = error.expected
        if is_duration and not expected.startswith("at most"):
            expected = "a duration such as 250ms, 1.5s or 2h"
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}") from None


def space_options(arguments: argparse.Namespace) -> SpaceOptions:
    """The options of a space among the arguments of a command."""
    from mockserver.control import options

    return options.given({name: getattr(arguments, name, None) for name in options.described()})


OF_SERVE_ALONE = {
    "--host": "the server of a run is for the program alone, which is on this machine",
    "--port": "the program finds the server of a run by its environment, on any free port",
    "--ready-file": "the program of a run is started when the server is ready",
    "--watch": "a run plays what it was started with, so that it can be repeated",
    "--journal": "a run is judged as a whole at its end, so its journal has room for a million "
    "frames; --server-limits journal_limit=N makes it smaller",
    "--keep": "a run has --trace, one file of all spaces, which also grows while it happens",
}
"""Options that only `serve` has, and why."""

OF_RUN_ALONE = {
    "--no-check": "a server judges nobody when it ends; check does, or the control API",
    "--override": "a server starts no program, and sets no variables",
    "--trace": "a server has --keep, a file for each space: it may have any number of them",
    "--report": "a server that runs has a page, from which a report can be saved",
    "--format": "a server has no verdict",
    "--output": "a server has no verdict",
}
"""Options that only `run` has, and why."""


def add_server_options(parser: argparse.ArgumentParser, *, log_level: str) -> None:
    """Add all options that `serve` and `run` have in common.

    Args:
        parser: of the command.
        log_level: how much the command logs unless it is told otherwise.
    """
    add_space_options(parser)
    parser.add_argument(
        "--server-limits",
        metavar="NAME=N,…",
        type=_read_server_limits,
        default={},
        help="what the server takes at most, such as max_connections=100; docs/LIMITS.md has all",
    )
    add_tls_options(parser)
    parser.add_argument(
        "--credentials",
        metavar="PROJECT:TOKEN",
        action="append",
        type=credentials,
        help="accept only this project with this token (may be repeated); default: any",
    )
    parser.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="what the control API asks for (default: nothing on loopback, else one is made up)",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default=log_level,
        help="how much to tell (%(default)s)",
    )


def server_settings(arguments: argparse.Namespace, **own: Any) -> Settings:
    """The settings of a server, by the options that `add_server_options` adds.

    Args:
        arguments: of the command.
        own: settings of the command's own; server limits that were given come before them.

    Raises:
        TlsError: a file is given that is of no use without a certificate.
    """
    from mockserver.server import Settings

    return Settings(
        space=space_options(arguments),
        tls=tls_options(arguments),
        credentials=dict(arguments.credentials) if arguments.credentials else None,
        control_token=arguments.control_token,
        **{**own, **arguments.server_limits},
    )


def add_tls_options(parser: argparse.ArgumentParser) -> None:
    """Add how TLS is spoken."""
    parser.add_argument(
        "--tls",
        action="store_true",
        help="speak TLS, wss:// and https://, with a certificate made for this run",
    )
    parser.add_argument(
        "--tls-cert",
        metavar="FILE",
        type=Path,
        help="speak TLS with this certificate (PEM), and those that lead to its authority",
    )
    parser.add_argument(
        "--tls-key", metavar="FILE", type=Path, help="the private key of --tls-cert (PEM)"
    )
    parser.add_argument(
        "--tls-ca",
        metavar="FILE",
        type=Path,
        help="the authority of --tls-cert (PEM), for clients that do not trust it yet",
    )


def tls_options(arguments: argparse.Namespace) -> Tls | None:
    """How TLS is spoken, by the arguments of a command; None: not at all.

    Raises:
        TlsError: a file is given that is of no use without a certificate.
    """
    from mockserver.server.tls import Tls, TlsError

    certificate, key, authority = arguments.tls_cert, arguments.tls_key, arguments.tls_ca
    if certificate is None and (key or authority):
        option = "--tls-key" if key else "--tls-ca"
        raise TlsError(f"{option} belongs to --tls-cert, which was not given")
    return Tls(certificate, key, authority) if arguments.tls or certificate else None


def _read_server_limits(text: str) -> dict[str, Any]:
    from mockserver.server import limits

    try:
        return dict(limits.read(text))
    except limits.LimitError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def port(text: str) -> int:
    """A port, 0 included."""
    value = _number(text, int, "a port")
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text}")
    return int(value)


def whole(text: str) -> int:
    """A whole number from 1."""
    value = _number(text, int, "a whole number")
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(value)


def credentials(text: str) -> tuple[str, str]:
    """A project and its token."""
    project, colon, token = text.partition(":")
    if not (project and colon and token):
        raise argparse.ArgumentTypeError("expected PROJECT:TOKEN, for example my-project:my-token")
    return project, token


def _number(text: str, kind: Callable[[str], float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}") from None

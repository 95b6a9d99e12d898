"""``python -m mockserver record``: keeps the trace of an application and any server."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from .arguments import port
from .exits import EXIT_OK, EXIT_OUTPUT, fail, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Stands between an application and a server of this protocol, the real service too, passes "
        "everything on, and keeps it as a trace. Tokens are masked before anything is written."
    )
    parser.add_argument(
        "--to", metavar="URL", type=_server, required=True, help="the server: wss://HOST[:PORT]"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="the trace file to write"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=port, default=8787, help="port; 0 takes a free one (%(default)s)"
    )
    parser.epilog = (
        "example: python -m mockserver record --to wss://relay.signalwire.com --out session.jsonl"
    )


def _server(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("ws", "wss") and parts.hostname and (parts.port or True)
    except ValueError:
        fits = False
    if not fits:
        raise argparse.ArgumentTypeError(f"expected wss://HOST or ws://HOST, found {text!r}")
    return text


def execute(options: argparse.Namespace) -> int:
    """Record; returns the exit code."""
    from mockserver.traces import record

    try:
        error = record.run(
            options.to,
            options.out,
            host=options.host,
            port=options.port,
            overwrite=options.overwrite,
            tell=warn,
        )
    except record.CannotListenError as problem:
        return fail(str(problem))
    except FileExistsError:
        return fail(f"{options.out} exists already: --overwrite replaces it")
    except OSError as problem:
        return fail(f"cannot write {options.out}: {problem.strerror}", EXIT_OUTPUT)
    if error is not None:
        return fail(f"cannot write {options.out} any more: {error.strerror}", EXIT_OUTPUT)
    return EXIT_OK

"""``python -m mockserver serve``: a server, until a signal ends it."""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .arguments import add_server_options, port, server_settings, whole
from .exits import EXIT_BUG, EXIT_OK, fail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=port, default=8787, help="port; 0 takes a free one (%(default)s)"
    )
    add_server_options(parser, log_level="info")
    parser.add_argument(
        "--journal",
        metavar="N",
        type=whole,
        default=10_000,
        help="how many frames each space keeps (%(default)s)",
    )
    parser.add_argument(
        "--ready-file",
        metavar="FILE",
        type=Path,
        help="write {url, http, addresses, pid, token, ca} here as JSON once clients can connect",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="check the file of --scenario when it changes; the next play has it (extra: watch)",
    )
    parser.add_argument(
        "--keep",
        metavar="DIR",
        type=Path,
        help="write the trace of each space into this folder, while it happens",
    )
    parser.epilog = "example: python -m mockserver serve --port 0 --scenario mine.yaml --watch"


def execute(options: argparse.Namespace) -> int:
    """Serve; returns the exit code."""
    # What a start imports and makes stays to the end; `run` has the rest looked through again.
    gc.disable()
    with without_certificates():
        from mockserver import scenarios
        from mockserver.server.run import CannotListenError, KeepError, ReadyFileError, run
        from mockserver.server.tls import TlsError
        from mockserver.server.watching import WatchError

    try:
        bugs = run(
            server_settings(
                options, host=options.host, port=options.port, journal_limit=options.journal
            ),
            ready_file=options.ready_file,
            keep=options.keep,
            log_level=options.log_level,
            watch=options.watch,
        )
    except (
        scenarios.ScenarioError,
        scenarios.UnknownScenarioError,
        CannotListenError,
        KeepError,
        ReadyFileError,
        TlsError,
        WatchError,
    ) as error:
        return fail(str(error))
    if bugs:
        return fail(f"the server had {bugs} bugs of its own, see the log above", EXIT_BUG)
    return EXIT_OK


@contextmanager
def without_certificates() -> Iterator[None]:
    """Import aiohttp in here, and it does not read this machine's certificate authorities.

    It would do so at once, for clients of HTTPS, which this process never is: a fifth of the time
    of a start, and two megabytes. OpenSSL looks for them where these variables say.
    """
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    former = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

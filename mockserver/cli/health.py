"""``python -m mockserver health``: asks a server whether it is well; made for containers, too."""

from __future__ import annotations

import argparse
from pathlib import Path

from .exits import EXIT_BROKEN, EXIT_OK, fail
from .output import say

DEFAULT_URL = "http://127.0.0.1:8787"
ANSWERED_WITHIN_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "url", nargs="?", default=DEFAULT_URL, help="the server's address (%(default)s)"
    )
    parser.add_argument(
        "--control-token", metavar="TOKEN", help="what the server's control API asks for"
    )
    parser.add_argument(
        "--ready-file",
        metavar="FILE",
        type=Path,
        help="take the address, the token and the CA from the file that the server wrote",
    )
    parser.epilog = (
        "exit codes: 0 the server is well, 1 it answers and is not, 2 it does not answer. "
        "example: python -m mockserver health http://127.0.0.1:8787"
    )


def execute(options: argparse.Namespace) -> int:
    """Print what the server says; returns the exit code."""
    import json
    import ssl
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import BaseHandler, HTTPSHandler, ProxyHandler, Request, build_opener

    base, token, ca = options.url, options.control_token, None
    if options.ready_file is not None:
        try:
            ready = json.loads(options.ready_file.read_text("utf-8"))
            base, token, ca = ready["http"], token or ready["token"], ready["ca"]
        except OSError as error:
            return fail(f"cannot read {options.ready_file}: {error.strerror}")
        except (ValueError, KeyError, TypeError):
            return fail(f"{options.ready_file} is not the ready file of a server")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    # A proxy of the environment has no business between this and a server on the same machine.
    handlers: list[BaseHandler] = [ProxyHandler({})]
    if ca is not None:
        handlers.append(HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    opener = build_opener(*handlers)
    url = f"{base.rstrip('/')}/__mock__/health"
    try:
        with opener.open(Request(url, headers=headers), timeout=ANSWERED_WITHIN_S) as answer:
            health = json.load(answer)
            status, spaces = health["status"], len(health["spaces"])
    except HTTPError as error:
        hint = "; give its --control-token" if error.code == 401 else ""
        return fail(f"{url} answers {error.code} {error.reason}{hint}")
    except (OSError, HTTPException, ValueError) as error:
        return fail(f"no mock server answers at {url}: {getattr(error, 'reason', error)}")
    except (KeyError, TypeError):
        return fail(f"what answers at {url} is not this mock server")
    say(f"{status}, {spaces} {'space' if spaces == 1 else 'spaces'}")
    return EXIT_OK if status == "ok" else EXIT_BROKEN

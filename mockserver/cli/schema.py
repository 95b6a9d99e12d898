"""``python -m mockserver schema``: lists the JSON Schemas, prints or writes them."""

from __future__ import annotations

import argparse
from typing import Any

from .exits import EXIT_OK, fail, warn
from .output import is_unicode, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("name", nargs="?", help="for example events/video.recording.started")
    what.add_argument("--all", metavar="DIR", help="write each schema to DIR/NAME.json")
    what.add_argument(
        "--asyncapi", action="store_true", help="print the protocol as an AsyncAPI 3.0 document"
    )
    what.add_argument(
        "--openrpc", action="store_true", help="print the calls of clients as OpenRPC 1.3"
    )
    parser.epilog = "example: python -m mockserver schema events/video.recording.started"


def execute(options: argparse.Namespace) -> int:
    """Print the list or one schema, or write all; returns the exit code."""
    from mockserver import schemas

    try:
        if options.all is not None:
            return _write_all(options.all)
        if options.asyncapi or options.openrpc:
            return _print_document("asyncapi" if options.asyncapi else "openrpc")
        if options.name is None:
            for name in schemas.names():
                say(f"{name:<40}  {schemas.load(name)['title']}")
        else:
            # A call and its result have one name: whoever says it means the call more often.
            name, *others = schemas.meanings(options.name) or (options.name,)
            say(_text(name, ascii_only=not is_unicode()))
            if others:
                warn(f"this is {name}; there is also {' and '.join(others)}")
    except KeyError as error:
        return fail(str(error.args[0]))
    return EXIT_OK


def _write_all(directory: str) -> int:
    from pathlib import Path

    from mockserver import schemas

    try:
        for name in schemas.names():
            path = Path(directory, f"{name}.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{_text(name)}\n", "utf-8")
    except OSError as error:
        return fail(f"cannot write the schemas to {directory}: {error.strerror or error}")
    say(f"{len(schemas.names())} schemas in {directory}")
    return EXIT_OK


def _print_document(form: str) -> int:
    from mockserver import __version__
    from mockserver.protocol.descriptions import specifications

    make = specifications.asyncapi if form == "asyncapi" else specifications.openrpc
    say(_json(make(__version__), ascii_only=not is_unicode()))
    return EXIT_OK


def _text(name: str, *, ascii_only: bool = False) -> str:
    return _json(_schema(name), ascii_only=ascii_only)


def _json(document: dict[str, Any], *, ascii_only: bool) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=ascii_only)


def _schema(name: str) -> dict[str, Any]:
    """The schema of this name; that of scenarios with all that is put into it."""
    from mockserver import schemas

    if name != "scenario":
        return schemas.load(name)
    from mockserver.scenarios import schema

    return schema.whole()

"""``python -m mockserver schema``: lists the protocol's JSON Schemas, or prints one."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK, fail, warn
from .output import is_unicode, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("name", nargs="?", help="for example video.recording.start")


def execute(options: argparse.Namespace) -> int:
    """Print the list, or the schema; returns the exit code."""
    import json

    from mockserver import schemas

    try:
        if options.name is None:
            for name in schemas.names():
                say(f"{name:<40}  {schemas.load(name)['title']}")
        else:
            # A call and its result have one name: whoever says it means the call more often.
            name, *others = schemas.meanings(options.name) or (options.name,)
            schema = schemas.load(name)
            say(json.dumps(schema, indent=2, ensure_ascii=not is_unicode()))
            if others:
                warn(f"this is {name}; there is also {' and '.join(others)}")
    except KeyError as error:
        return fail(str(error.args[0]))
    return EXIT_OK

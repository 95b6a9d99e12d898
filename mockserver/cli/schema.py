"""``python -m mockserver schema``: lists the protocol's JSON Schemas, or prints one."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK, fail


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
                print(f"{name:<40}  {schemas.load(name)['title']}")
        else:
            print(json.dumps(schemas.load(options.name), indent=2, ensure_ascii=False))
    except KeyError as error:
        return fail(str(error.args[0]))
    return EXIT_OK

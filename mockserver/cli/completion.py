"""Completion by the shell, with argcomplete (the extra ``completion``)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator

from .exits import EXIT_USAGE, fail

ASKED = "_ARGCOMPLETE"
"""The variable by which the shell says that it wants to complete, and not to run."""


def is_asked() -> bool:
    """Whether this process was started to complete a command line."""
    return ASKED in os.environ


def complete(parser: argparse.ArgumentParser) -> int:
    """Give the shell what could come next, and end the process; returns only when that failed.

    Args:
        parser: knows all commands, and the arguments of each.
    """
    try:
        import argcomplete
    except ImportError:
        return fail('completion needs argcomplete: pip install "signalwire-mockserver[completion]"')
    for command, action in actions(parser):
        completer = _COMPLETERS.get((command, action.dest)) or _COMPLETERS.get(("", action.dest))
        if completer is not None:
            # The attribute by which argcomplete is told; argparse does not know it.
            action.completer = completer  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)
    return EXIT_USAGE


def _scenarios(prefix: str, **_: object) -> list[str]:
    """Scenarios by name, and files."""
    import argcomplete

    from mockserver import scenarios

    files: list[str] = argcomplete.completers.FilesCompleter(("yaml", "yml"))(prefix)
    return [*(each.name for each in scenarios.shipped()), *files]


def _schemas(prefix: str, **_: object) -> list[str]:
    from mockserver import schemas

    return schemas.names()


_COMPLETERS: dict[tuple[str, str], Callable[..., list[str]]] = {
    ("", "scenario"): _scenarios,
    ("demo", "name"): _scenarios,
    ("scenarios", "name"): _scenarios,
    ("schema", "name"): _schemas,
}
"""(command, or "" for all, and argument) -> what it can be; files, where nothing is said."""


def actions(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """The arguments that a parser knows, each with its command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, each in action.choices.items():
                yield from ((command, inner) for inner in each._actions)

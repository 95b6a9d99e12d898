"""From the words of a command line to an exit code.

Only the module of the chosen command is imported, and a command imports what it needs when it
runs: starting a server must not wait for what it does not use.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

from mockserver.installation import mixed, overwritten
from mockserver.printable import printable

from . import completion, output, sources
from .arguments import RUN_EXAMPLE
from .exits import EXIT_BUG, EXIT_CODES, EXIT_OUTPUT, fail, warn

COMMANDS = {
    "serve": "run the server (the default)",
    "init": "write a first test, a scenario, or a workflow into this folder",
    "demo": "play a scenario here and show what crosses the wire",
    "run": "run a program with a server of its own, and judge what was said",
    "scenarios": "list the scenarios, or explain one",
    "schema": "list the protocol's JSON Schemas, or print one",
    "rules": "list the contract's rules",
    "faults": "list what the mock can do wrong on purpose, or explain a fault",
    "assumptions": "list what is assumed of the real service, by number",
    "health": "ask a server whether it is well",
    "check": "check a trace against the contract",
    "report": "make one HTML file of a trace, to look at without a server",
    "diagram": "draw a trace as a sequence diagram: Mermaid or SVG",
    "scenario": "make a scenario of a trace",
    "compare": "list where the mock differs from the server of a trace",
    "scrub": "replace in a trace what could lead to somebody: ids, names, URLs, times",
    "stand-in": "run a server in the place of one that the vendor's own tests start",
    "record": "keep the trace of an application and any server, as a proxy between them",
}
"""Command -> what its help says. The command ``x-y`` is the module ``mockserver.cli.x_y``: its
``add_arguments(parser)`` declares the arguments, its ``execute(options)`` gives the exit code."""

EPILOG = """\
Without a command, serve. Point a client at it with  host: "ws://127.0.0.1:8787"  and any project
and token; token "scenario:NAME" plays that scenario for the client. Options can also come from
the environment (MOCKSERVER_PORT=0) and from a file: COMMAND --help has more.

exit codes:
"""


def run(words: list[str]) -> int:
    """Run the command; returns its exit code, whatever happens."""
    output.prepare()
    if problem := overwritten():
        return fail(problem)
    if problem := mixed():
        warn(problem)
    try:
        code = _run(words)
        output.flush()
    except BrokenPipeError:
        # Somebody's pager was closed; there is nobody left to tell.
        output.silence()
        return 0
    except OSError as error:
        if not output.is_to_blame(error):
            return _bug()
        output.silence()
        return fail(f"cannot write to the standard output: {error.strerror}", EXIT_OUTPUT)
    except Exception:
        return _bug()
    return code


def _run(words: list[str]) -> int:
    if completion.is_asked():
        return completion.complete(_parser(None, argparse.ArgumentParser))
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "serve")
    program: list[str] = []
    if words[0] == "run" and not {"--", "-h", "--help"} & set(words):
        return fail(f"run needs the program behind --: {RUN_EXAMPLE}")
    if words[0] == "run" and "--" in words:
        # Everything behind it is the program's, another -- included, which argparse would take.
        program = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    parser_class = sources.parser_class(words[0], list(COMMANDS), words)
    try:
        parser = _parser(words[0], parser_class)
        options = parser.parse_args(words, argparse.Namespace(program=program))
    except SystemExit as ended:
        # argparse has said all there is to say: help, the version, or what is wrong.
        if ended.code and (others := sources.told(words)):
            warn(others)
        return int(ended.code or 0)
    for name in _strays(parser):
        warn(f"{name} is set, and no command has such an option")
    execute: Callable[[argparse.Namespace], int] = options.execute
    return execute(options)


def _strays(parser: argparse.ArgumentParser) -> list[str]:
    """Variables of the environment that look like options, and are none of any command."""
    strays = _unknown(parser)
    # Those of other commands are known when all of these are, which takes a while.
    return sorted(strays & _unknown(_parser(None, argparse.ArgumentParser))) if strays else []


def _unknown(parser: argparse.ArgumentParser) -> set[str]:
    known = {
        sources.variable(option)
        for _, action in completion.actions(parser)
        for option in action.option_strings
    }
    return set(sources.variables()) - known


def _parser(
    chosen: str | None, parser_class: type[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    """The parser of all commands, of which only the chosen one knows its arguments.

    When it is one of those that there are, the others are left out: nobody gets to see them.

    Args:
        chosen: the command; None lets all of them know their arguments.
        parser_class: makes the parsers of the commands.
    """
    import mockserver

    parser = argparse.ArgumentParser(
        prog="python -m mockserver",
        description="A mock of SignalWire's Realtime server.",
        epilog=EPILOG + "\n".join(f"  {code:>3}  {says}" for code, says in EXIT_CODES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=mockserver.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=parser_class)
    for name in (chosen,) if chosen in COMMANDS else COMMANDS:
        command = commands.add_parser(name, help=COMMANDS[name])
        if chosen in (name, None):
            module = import_module(f"mockserver.cli.{name.replace('-', '_')}")
            module.add_arguments(command)
            command.set_defaults(execute=module.execute)
    return parser


def _bug() -> int:
    if sys.stderr is not None:
        sys.stderr.write(printable(traceback.format_exc()))
    return fail("this is a bug of the mock, please report it with the lines above", EXIT_BUG)

"""``python -m mockserver``: one command line, a function per command.

Commands import what they need themselves: starting a server must not wait for what it does not use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_BUG = 70
"""The mock itself had a fault while it served (EX_SOFTWARE)."""

RUN_EXAMPLE = "python -m mockserver run -- npm test"

EPILOG = """\
Without a command, serve. Point a client at it with  host: "ws://127.0.0.1:8787"  and any project
and token; token "scenario:NAME" plays that scenario for the client.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "serve")
    program: list[str] = []
    if words[0] == "run" and not {"--", "-h", "--help"} & set(words):
        return _fail(f"run needs the program behind --: {RUN_EXAMPLE}")
    if words[0] == "run" and "--" in words:
        # Everything behind it is the program's, another -- included, which argparse would take.
        program = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    options = _parser().parse_args(words, argparse.Namespace(program=program))
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Somebody's pager was closed; there is nobody left to tell, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return code


def _parser() -> argparse.ArgumentParser:
    import mockserver

    parser = argparse.ArgumentParser(
        prog="python -m mockserver",
        description="A mock of SignalWire's Realtime server.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=mockserver.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="run the server (the default)")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8787, help="port; 0 takes a free one (%(default)s)"
    )
    _add_play_options(serve, scenario="demo")
    serve.add_argument(
        "--clock",
        choices=("real", "manual"),
        default="real",
        help="manual: time stands still until the control API advances it (%(default)s)",
    )
    serve.add_argument(
        "--credentials",
        metavar="PROJECT:TOKEN",
        action="append",
        type=_credentials,
        help="accept only this project with this token (may be repeated); default: any",
    )
    serve.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="what the control API asks for (default: nothing on loopback, else one is made up)",
    )
    serve.add_argument(
        "--ready-file",
        metavar="FILE",
        type=Path,
        help="write {url, http, pid} (and token) here as JSON once clients can connect",
    )
    serve.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="how much to tell (%(default)s)",
    )
    serve.set_defaults(run=_serve)

    demo = commands.add_parser("demo", help="play a scenario here and show what crosses the wire")
    _add_play_options(demo, scenario="pause-resume", speed=10.0)
    demo.set_defaults(run=_demo)

    run = commands.add_parser(
        "run",
        usage="%(prog)s [options] -- PROGRAM [ARGUMENT ...]",
        help="run a program with a server of its own, and judge what was said",
        description="Runs a program that finds a server of its own in its environment, passes "
        "signals and its exit code on, and fails if a rule of the contract was broken.",
    )
    _add_play_options(run, scenario="demo")
    run.add_argument("--clock", choices=("real", "manual"), default="real", help="as with serve")
    run.add_argument(
        "--no-check",
        dest="check",
        action="store_false",
        help="let the run succeed though a rule of the contract was broken",
    )
    run.add_argument("--trace", metavar="FILE", type=Path, help="keep the trace here (JSON lines)")
    run.set_defaults(run=_run)

    scenarios = commands.add_parser("scenarios", help="list the scenarios, or explain one")
    scenarios.add_argument("name", nargs="?", help="name or file of the one to explain")
    scenarios.set_defaults(run=_scenarios)

    schema = commands.add_parser("schema", help="list the protocol's JSON Schemas, or print one")
    schema.add_argument("name", nargs="?", help="for example video.recording.start")
    schema.set_defaults(run=_schema)

    rules = commands.add_parser("rules", help="list the contract's rules")
    rules.set_defaults(run=_rules)

    check = commands.add_parser("check", help="hold a trace against the contract")
    check.add_argument("trace", type=Path, help="a trace: JSON lines, as the journal gives them")
    check.set_defaults(run=_check)
    return parser


def _add_play_options(
    parser: argparse.ArgumentParser, *, scenario: str, speed: float = 1.0
) -> None:
    parser.add_argument(
        "--scenario",
        metavar="NAME|FILE",
        default=scenario,
        help="what happens by itself (%(default)s); see the command scenarios",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides ids and names (%(default)s)")
    parser.add_argument(
        "--speed",
        metavar="X",
        type=_positive,
        default=speed,
        help="how fast the server's clock runs (%(default)s)",
    )
    parser.add_argument(
        "--latency",
        metavar="MS",
        type=_milliseconds,
        help="milliseconds between a cause and its events, on the server's clock (30)",
    )


def _port(text: str) -> int:
    port = _number(text, int, "a port")
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text}")
    return int(port)


def _positive(text: str) -> float:
    value = _number(text, float, "a number")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text}")
    return value


def _milliseconds(text: str) -> float:
    value = _number(text, float, "a number of milliseconds")
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be 0 or more milliseconds, not {text}")
    return value


def _microseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1_000)


def _number(text: str, kind: Callable[[str], float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}") from None


def _credentials(text: str) -> tuple[str, str]:
    project, colon, token = text.partition(":")
    if not (project and colon and token):
        raise argparse.ArgumentTypeError("expected PROJECT:TOKEN, for example my-project:my-token")
    return project, token


def _fail(message: str, code: int = EXIT_USAGE) -> int:
    print(f"mockserver: {message}", file=sys.stderr)
    return code


def _serve(options: argparse.Namespace) -> int:
    from mockserver import scenarios
    from mockserver.server import Settings
    from mockserver.server.run import ReadyFileError, run

    settings = Settings(
        host=options.host,
        port=options.port,
        scenario=options.scenario,
        seed=options.seed,
        clock=options.clock,
        speed=options.speed,
        latency_us=_microseconds(options.latency),
        credentials=dict(options.credentials) if options.credentials else None,
        control_token=options.control_token,
    )
    try:
        bugs = run(settings, ready_file=options.ready_file, log_level=options.log_level)
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError) as error:
        return _fail(str(error))
    except ReadyFileError as error:
        return _fail(str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return _fail(f"cannot listen on {options.host} port {options.port}: {reason}")
    if bugs:
        return _fail(f"the server had {bugs} bugs of its own, see the log above", EXIT_BUG)
    return EXIT_OK


def _run(options: argparse.Namespace) -> int:
    if not options.program:
        return _fail(f"run needs a program behind --: {RUN_EXAMPLE}")
    from mockserver import scenarios
    from mockserver.runner import TraceFileError, run
    from mockserver.server import Settings

    settings = Settings(
        scenario=options.scenario,
        seed=options.seed,
        clock=options.clock,
        speed=options.speed,
        latency_us=_microseconds(options.latency),
    )
    try:
        return run(options.program, settings, check=options.check, trace=options.trace)
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError, TraceFileError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"cannot listen on {settings.host}: {error.strerror or error}")


def _demo(options: argparse.Namespace) -> int:
    from mockserver import scenarios
    from mockserver.demo import demo

    try:
        holds = demo(
            scenario=options.scenario,
            seed=options.seed,
            speed=options.speed,
            latency_us=_microseconds(options.latency),
        )
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError) as error:
        return _fail(str(error))
    return EXIT_OK if holds else EXIT_FAILED


def _scenarios(options: argparse.Namespace) -> int:
    from mockserver import scenarios

    try:
        if options.name is None:
            summaries = scenarios.shipped()
            width = max(len(each.name) for each in summaries)
            for each in summaries:
                print(f"{each.name:<{width}}  {each.about}")
        else:
            print("\n".join(scenarios.load(options.name).explain()))
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError) as error:
        return _fail(str(error))
    return EXIT_OK


def _schema(options: argparse.Namespace) -> int:
    import json

    from mockserver import schemas

    try:
        if options.name is None:
            for name in schemas.names():
                print(f"{name:<40}  {schemas.load(name)['title']}")
        else:
            print(json.dumps(schemas.load(options.name), indent=2, ensure_ascii=False))
    except KeyError as error:
        return _fail(str(error.args[0]))
    return EXIT_OK


def _rules(options: argparse.Namespace) -> int:
    from mockserver import contract

    width = max(len(rule.name) for rule in contract.RULES)
    for rule in contract.RULES:
        print(f"{rule.name:<{width}}  {rule.party:<6}  {rule.sentence}")
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from mockserver import contract

    try:
        trace = contract.load_trace(options.trace)
    except (contract.TraceError, OSError) as error:
        return _fail(str(error))
    violations = contract.check(trace)
    if violations:
        print(contract.render(violations, trace))
        return EXIT_FAILED
    print(f"{options.trace}: {len(trace)} frames, {len(contract.RULES)} rules, all hold")
    return EXIT_OK

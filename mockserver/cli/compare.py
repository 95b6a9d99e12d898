"""``python -m mockserver compare``: where the mock differs from the server of a trace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .exits import EXIT_BROKEN, EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail
from .output import say
from .traces import TRACE_HELP, CannotReadError, add_space_argument, of_one_space, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mockserver.traces.compare import Comparison, Difference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Plays the clients' side of a trace against the mock, and lists where the mock answers or "
        "tells otherwise than the server of the trace did, with the assumptions of "
        "docs/FIDELITY.md that each difference touches. Exit code 1 if anything differs."
    )
    parser.add_argument("trace", help=TRACE_HELP)
    add_space_argument(parser)
    parser.add_argument(
        "--tolerance",
        metavar="SECONDS",
        type=_seconds,
        default=0.5,
        help="by how much times and lengths of time may differ (%(default)s)",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="default: %(default)s"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the file; default: standard output"
    )
    parser.epilog = "example: python -m mockserver compare session.jsonl"


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}")
    return value


def execute(options: argparse.Namespace) -> int:
    """Compare; returns the exit code."""
    from mockserver.traces.compare import compare
    from mockserver.traces.scenario import NothingToPlayError

    try:
        trace = of_one_space(read(options.trace), options.space)
        comparison = compare(trace.entries, tolerance_s=options.tolerance)
    except CannotReadError as error:
        return fail(str(error))
    except NothingToPlayError as error:
        return fail(f"{options.trace}: {error}", EXIT_NOTHING)
    show = _json if options.format == "json" else _text
    text = show(options.trace, comparison)
    if options.output is None:
        say(text)
    else:
        try:
            options.output.write_text(f"{text}\n", "utf-8", newline="\n")
        except OSError as error:
            return fail(f"cannot write {options.output}: {error.strerror}", EXIT_OUTPUT)
    return EXIT_BROKEN if comparison.differences else EXIT_OK


def _text(trace: str, comparison: Comparison) -> str:
    from mockserver.traces.compare import KINDS

    compared = f"{comparison.answers} answers and {comparison.events} events"
    found = comparison.differences
    if not found:
        head = f"{trace}: the mock answers and tells the same, in {compared}"
        return "\n".join([head, *_guesses(comparison)])
    counted = f"{len(found)} difference{'s' * (len(found) != 1)}"
    lines = [f"{trace}: {counted} in {compared}"]
    for kind, says in KINDS.items():
        of_kind = [each for each in found if each.kind == kind]
        if of_kind:
            lines += ["", f"{kind}: {says}", *(f"  {each}" for each in _grouped(of_kind))]
    return "\n".join([*lines, *_assumptions(found), *_guesses(comparison)])


def _grouped(found: Sequence[Difference]) -> Iterator[str]:
    """A line for each difference; one for all answers and events that have the same."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for each in found:
        # An answer or event as a whole has nothing in common with others.
        said = each.told() if each.path else each.what
        groups.setdefault((each.path, said), []).append(each)
    for group in groups.values():
        first = group[0]
        count = sum(each.count for each in group)
        times = f", {count} times" if count > 1 else ""
        numbers = sorted({number for each in group for number in each.assumptions})
        touches = f"  [{' '.join(f'A{number}' for number in numbers)}]" if numbers else ""
        where = ", ".join(dict.fromkeys(each.what for each in group))
        place = f"{where}, {first.path}" if first.path else where
        told = f": {told}" if (told := first.told()) else ""
        yield f"{place}{told} (frame {first.frame}{times}){touches}"


def _assumptions(found: Sequence[Difference]) -> list[str]:
    from mockserver import fidelity

    touched = {number for each in found for number in each.assumptions}
    known = [each for each in fidelity.assumptions() if each.assumption in touched]
    if not known:
        return []
    lines = ["", "assumptions of docs/FIDELITY.md that these touch:"]
    return [*lines, *(f"  A{each.assumption}  {each.behaviour}" for each in known)]


def _guesses(comparison: Comparison) -> list[str]:
    if not comparison.guesses:
        return []
    lines = ["", "what the service did by itself was guessed here, and may be guessed wrongly:"]
    return [*lines, *(f"  {each}" for each in dict.fromkeys(comparison.guesses))]


def _json(trace: str, comparison: Comparison) -> str:
    import orjson

    from mockserver.traces.compare.differences import Absent

    document = {
        "trace": trace,
        "answers": comparison.answers,
        "events": comparison.events,
        "differences": [
            {
                "kind": each.kind,
                "what": each.what,
                "path": each.path or None,
                **{
                    side: None if isinstance(value, Absent) else value
                    for side, value in (("there", each.there), ("here", each.here))
                },
                "frame": each.frame,
                "count": each.count,
                "assumptions": list(each.assumptions),
            }
            for each in comparison.differences
        ],
        "guesses": list(comparison.guesses),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()

"""The formats of a verdict: for people, for programs, and for what shows the results of CI.

``FORMATS`` is the one list. A format is a module here with ``render(verdict)``, and a row.
"""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from mockserver.cli.output import say

from .verdict import Judged, Verdict

__all__ = ["FORMATS", "Judged", "ReportFileError", "Verdict", "add_arguments", "write"]


class Format(NamedTuple):
    """One format.

    Attributes:
        module: the module here whose ``render(verdict)`` gives the text.
        says: what it is for.
        appended: an environment variable that may name a file -> the function of the module that
            makes the text to append to this file.
    """

    module: str
    says: str
    appended: tuple[tuple[str, str], ...] = ()


FORMATS = {
    "text": Format("text", "for people"),
    "json": Format("json_document", "one JSON document"),
    "junit": Format("junit", "JUnit XML, a test case per rule"),
    "github": Format(
        "github",
        "annotations of GitHub Actions, and its step summary",
        (("GITHUB_STEP_SUMMARY", "summary"),),
    ),
    "sarif": Format("sarif", "SARIF 2.1.0, for code scanning and editors"),
}
"""Name -> format."""

DEFAULT = "text"


class ReportFileError(Exception):
    """The file for the verdict cannot be written; says which and why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--format`` and ``--output``."""
    listed = ", ".join(f"{name} ({one.says})" for name, one in FORMATS.items())
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=DEFAULT,
        help=f"how the verdict is written: {listed}; default: {DEFAULT}",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="the file to write the verdict to; default: standard output",
    )


def write(name: str, verdict: Verdict, output: Path | None = None) -> None:
    """Write a verdict, and append to the files that the environment names for this format.

    Args:
        name: one of ``FORMATS``.
        verdict: what was found.
        output: the file to write; None: standard output.

    Raises:
        ReportFileError: a file cannot be written.
    """
    chosen = FORMATS[name]
    module = import_module(f"{__name__}.{chosen.module}")
    text: str = module.render(verdict)
    if output is None:
        say(text)
    else:
        _put(output, f"{text}\n", "w")
    for variable, function in chosen.appended:
        if path := os.environ.get(variable):
            _put(Path(path), _made(module, function, verdict), "a")


def _made(module: ModuleType, function: str, verdict: Verdict) -> str:
    text: str = getattr(module, function)(verdict)
    return text


def _put(path: Path, text: str, mode: str) -> None:
    try:
        # Newlines as they are: a carriage return of a frame would be one of the file's.
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise ReportFileError(f"cannot write {path}: {error.strerror}") from error

"""What a run leaves behind: its trace, a report of each space, the verdict in some format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mockserver import contract
from mockserver.cli import formats

Entries = list[dict[str, Any]]


class CannotKeepError(Exception):
    """A file cannot be written; says which and why."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said in one space, judged.

    Attributes:
        name: the space, as ``contract.generation_name`` has it; "" for what came before any space.
        entries: the journal.
        trace: the same, as the contract reads it.
        violations: what it breaks.
    """

    name: str
    entries: Entries
    trace: contract.Trace
    violations: Sequence[contract.Violation]

    @property
    def where(self) -> str:
        """The space in words."""
        return f'in space "{self.name}"' if self.name else "before signalwire.connect"


def judged(spaces: dict[str, Entries]) -> list[Conversation]:
    """Judge what was said in each space, which has its lines in this order in a trace file."""
    conversations = []
    line = 1
    for name, entries in spaces.items():
        trace = contract.Trace.from_entries(entries, first_line=line)
        line += len(entries)
        conversations.append(Conversation(name, entries, trace, contract.check(trace)))
    return conversations


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept of a run, and where.

    Attributes:
        trace: the file for the trace of all spaces, as JSON lines; None: it is not kept.
        reports: the folder for the HTML reports, one for each space; None: none are made.
        format: the format of the verdict.
        output: the file for the verdict; None: standard output, and only if it is not plain text,
            which stands on standard error already.
    """

    trace: Path | None = None
    reports: Path | None = None
    format: str = formats.DEFAULT
    output: Path | None = None

    @property
    def wants_judging(self) -> bool:
        """Whether something is kept that needs a verdict."""
        return self.reports is not None or self._writes_verdict

    @property
    def _writes_verdict(self) -> bool:
        return self.format != formats.DEFAULT or self.output is not None

    def prepare(self) -> None:
        """Find out whether the files can be written, before all the work is done.

        Raises:
            CannotKeepError: one cannot.
        """
        if self.trace is not None:
            self.keep_trace({})
        if self.reports is not None:
            with _writing("into the folder", self.reports):
                self.reports.mkdir(parents=True, exist_ok=True)
        if self.output is not None:
            with _writing("the verdict", self.output):
                self.output.touch()

    def keep_trace(self, spaces: dict[str, Entries]) -> None:
        """Write the trace, if it is to be kept.

        Raises:
            CannotKeepError: it cannot be written.
        """
        if self.trace is None:
            return
        number = 0
        with _writing("the trace", self.trace), self.trace.open("wb") as file:
            for name, entries in spaces.items():
                for entry in entries:
                    number += 1
                    file.write(orjson.dumps({**entry, "n": number, "space": name}) + b"\n")

    def keep_reports(self, conversations: Sequence[Conversation]) -> dict[str, Path]:
        """Write the reports, if they are to be made; gives space -> file.

        Raises:
            CannotKeepError: one cannot be written.
        """
        if self.reports is None:
            return {}
        from mockserver.page.report import report

        written: dict[str, Path] = {}
        for each in conversations:
            path = _free(self.reports, each.name or "before connect", set(written.values()))
            text = report(each.name or "before signalwire.connect", each.entries, each.violations)
            with _writing("the report", path):
                path.write_text(text, "utf-8")
            written[each.name] = path
        return written

    def keep_verdict(self, conversations: Sequence[Conversation], problems: Sequence[str]) -> None:
        """Write the verdict, unless all of it was told already.

        Raises:
            CannotKeepError: it cannot be written.
        """
        if not self._writes_verdict:
            return
        file = None if self.trace is None else str(self.trace)
        traces = [
            formats.Judged(
                source=f'space "{each.name}"' if each.name else each.where,
                frames=len(each.trace),
                violations=each.violations,
                file=file,
            )
            for each in conversations
        ]
        try:
            formats.write(self.format, formats.Verdict(traces, problems), self.output)
        except formats.ReportFileError as error:
            raise CannotKeepError(str(error)) from error


def _free(folder: Path, name: str, taken: set[Path]) -> Path:
    """A file for a space, whose name may be any text."""
    stem = re.sub(r"[^\w.() -]+", "-", name).strip(".- ") or "space"
    path, number = folder / f"{stem[:100]}.html", 1
    while path in taken:
        number += 1
        path = folder / f"{stem[:100]} {number}.html"
    return path


@contextmanager
def _writing(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotKeepError(f"cannot write {what} {path}: {error.strerror}") from error

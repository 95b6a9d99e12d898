"""A verdict for GitHub Actions: annotations, and the summary of the step.

An annotation is a workflow command, a line on standard output: ``::error file=…,line=…::message``.
"""

from __future__ import annotations

import html

from mockserver import contract
from mockserver.contract.report import table

from .places import shown_path
from .verdict import Judged, Verdict, line

MOST_IN_SUMMARY = 50
"""Violations that the summary tells in full: GitHub refuses one of more than 1 MiB."""


def render(verdict: Verdict) -> str:
    """The annotations, and the verdict as the last line."""
    lines = []
    for judged in verdict.traces:
        lines += [_annotation(each, judged) for each in judged.violations]
        lines += [_command("warning", each, judged.source) for each in judged.warnings]
    lines += [_command("error", each, "mockserver run") for each in verdict.problems]
    return "\n".join([*lines, f"signalwire contract: {verdict.sentence()}"])


def _annotation(violation: contract.Violation, judged: Judged) -> str:
    rule = contract.described(violation)
    message = f"{violation.message} ({violation.at})\nby the {rule['party']}: {rule['sentence']}"
    at = line(violation)
    where = {}
    if judged.file is not None and at is not None:
        where = {"file": shown_path(judged.file), "line": str(at)}
    return _command("error", message, f"{violation.rule} in {judged.source}", **where)


def _command(name: str, message: str, title: str, **properties: str) -> str:
    given = {**properties, "title": title}
    told = ",".join(f"{key}={_property(value)}" for key, value in given.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(verdict: Verdict) -> str:
    """The step's summary, in GitHub's Markdown."""
    sign = "✅" if verdict.holds else "❌"
    lines = [f"### {sign} SignalWire contract: {verdict.sentence()}", ""]
    lines += [f"- {_escaped(each)}" for each in verdict.problems]
    lines += ["", "| trace | frames | violations | warnings |", "|---|--:|--:|--:|"]
    lines += [
        f"| {_escaped(each.source)} | {each.frames} | {len(each.violations) + each.uncounted} "
        f"| {len(each.warnings)} |"
        for each in verdict.traces
    ]
    found = [(each, violation) for each in verdict.traces for violation in each.violations]
    for judged, violation in found[:MOST_IN_SUMMARY]:
        proof = html.escape("\n".join(table(violation.proof)))
        sentence = contract.described(violation)["sentence"]
        lines += [
            "",
            f"<details><summary><code>{violation.rule}</code> in {_escaped(judged.source)}: "
            f"{_escaped(violation.message)}</summary>",
            "",
            _escaped(sentence),
            f"<pre>{proof}</pre>",
            "</details>",
        ]
    if len(found) > MOST_IN_SUMMARY:
        lines += ["", f"and {len(found) - MOST_IN_SUMMARY} more violations"]
    return "\n".join(lines) + "\n\n"


def _escaped(text: str) -> str:
    """Text that stays one line and one cell of a table, and that Markdown does not read."""
    flat = html.escape(" ".join(text.split()))
    return "".join(f"&#{ord(each)};" if each in "|`*_[]\\~" else each for each in flat)

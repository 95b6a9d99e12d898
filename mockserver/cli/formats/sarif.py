"""A verdict as SARIF 2.1.0: rules, results, and the lines of the trace file that prove them.

A result has a location only if the trace is a file of JSON lines.
"""

from __future__ import annotations

from typing import Any

import orjson

import mockserver
from mockserver import contract

from .places import uri
from .verdict import Judged, Verdict, line

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_PLACES = {rule.name: place for place, rule in enumerate(contract.RULES)}


def render(verdict: Verdict) -> str:
    """The document's text."""
    notifications = [
        *(_notification("error", each) for each in verdict.problems),
        *(
            _notification("warning", f"{judged.source}: {each}")
            for judged in verdict.traces
            for each in judged.warnings
        ),
    ]
    run = {
        "tool": {
            "driver": {
                "name": "signalwire-mockserver",
                "version": mockserver.__version__,
                "rules": [_rule(each) for each in contract.RULES],
            }
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "results": [
            _result(violation, judged)
            for judged in verdict.traces
            for violation in judged.violations
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _rule(rule: contract.Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.sentence},
        "defaultConfiguration": {"level": "error"},
        "properties": {"party": rule.party, "source": rule.source},
    }


def _result(violation: contract.Violation, judged: Judged) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": violation.rule,
        "ruleIndex": _PLACES[violation.rule],
        "level": "error",
        "message": {"text": f"{violation.message} ({judged.source}, {violation.at})"},
    }
    at = line(violation)
    if judged.file is None or at is None:
        return result
    result["locations"] = [_location(judged.file, at)]
    result["relatedLocations"] = [
        {
            **_location(judged.file, row.line),
            "id": place,
            "message": {"text": f"#{row.n} {'<-' if row.to_client else '->'} {row.text}"},
        }
        for place, row in enumerate(violation.proof, 1)
        if row.line is not None
    ]
    return result


def _location(file: str, at: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(file)},
            "region": {"startLine": at},
        }
    }

"""A verdict as one JSON document.

``{"holds", "frames", "rules", "traces": [{"name", "file", "frames", "violations", "uncounted",
"warnings"}], "problems"}``. A violation is as the control API tells it (``rule``, ``sentence``,
``party``, ``message``, ``frames``, ``at``), with its ``line`` in the file, or null, and its
``proof``: ``{"n", "offset", "session", "direction", "text", "line"}`` for each frame, ``offset``
in seconds since the trace began.
"""

from __future__ import annotations

from typing import Any

import orjson

from mockserver import contract

from .verdict import Judged, Verdict, line


def render(verdict: Verdict) -> str:
    """The document's text."""
    document = {
        "holds": verdict.holds,
        "frames": verdict.frames,
        "rules": len(contract.RULES),
        "traces": [_trace(each) for each in verdict.traces],
        "problems": list(verdict.problems),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _trace(judged: Judged) -> dict[str, Any]:
    return {
        "name": judged.source,
        "file": judged.file,
        "frames": judged.frames,
        "violations": [_violation(each) for each in judged.violations],
        "uncounted": judged.uncounted,
        "warnings": list(judged.warnings),
    }


def _violation(violation: contract.Violation) -> dict[str, Any]:
    proof = [
        {
            "n": row.n,
            "offset": round(row.offset, 6),
            "session": row.session,
            "direction": "to_client" if row.to_client else "to_server",
            "text": row.text,
            "line": row.line,
        }
        for row in violation.proof
    ]
    return {**contract.described(violation), "line": line(violation), "proof": proof}

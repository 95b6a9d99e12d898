"""A scenario as a file: YAML as the shipped ones have it, with remarks as comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from mockserver.protocol import durations

from .service import Step

_DURATIONS = ("at", "after", "delay", "latency", "length")
WIDEST = 110
"""Columns up to which a step stands on one line."""


def write(
    head: Mapping[str, Any],
    remarks: Iterable[str],
    parts: Mapping[str, Mapping[str, Step] | Iterable[Step | Mapping[str, Any]]],
) -> str:
    """The file's text.

    Args:
        head: keys with simple values.
        remarks: what is said at the top.
        parts: keys with steps, or with named things; empty ones are left out.
    """
    lines = [f"# {each}" for each in remarks]
    lines += [f"{key}: {_value(key, value)}" for key, value in head.items()]
    for key, part in parts.items():
        if isinstance(part, Mapping):
            listed = [line for name, step in part.items() for line in _named(name, step)]
        else:
            listed = [line for step in part for line in _item(_step(step))]
        if listed:
            lines += [f"{key}:", *listed]
    return "\n".join(lines) + "\n"


def _step(step: Step | Mapping[str, Any]) -> Step:
    return step if isinstance(step, Step) else Step(dict(step))


def _named(name: str, step: Step) -> Iterator[str]:
    yield from (f"  # {each}" for each in step.remarks)
    yield f"  {_flow(name)}: {_value('', step.data)}"


def _item(step: Step) -> Iterator[str]:
    yield from (f"  # {each}" for each in dict.fromkeys(step.remarks))
    whole = f"  - {_value('', step.data)}"
    simple = not any(isinstance(each, list) for each in step.data.values())
    if len(step.data) == 1:
        # An expected event, or a command alone.
        [(key, value)] = step.data.items()
        yield f"  - {_flow(key)}: {_value(key, value)}"
        return
    if simple and len(whole) <= WIDEST and "when" not in step.data and "on" not in step.data:
        yield whole
        return
    mark = "-"
    for key, value in step.data.items():
        yield f"  {mark} {key}: {_value(key, value)}"
        mark = " "


def _value(key: str, value: Any) -> str:
    if key in _DURATIONS and isinstance(value, int):
        return durations.text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_flow(name)}: {_value(name, each)}" for name, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_value('', each) for each in value)}]"
    return _flow(value)


def _flow(value: Any) -> str:
    """A simple value, quoted where it must be inside of braces."""
    return _text(value) if isinstance(value, str) else _dumped(value)


@lru_cache(maxsize=10_000)
def _text(value: str) -> str:
    return _dumped(value)


def _dumped(value: Any) -> str:
    dumped: str = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return dumped.strip().removeprefix("[").removesuffix("]")

"""What the guide shows works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.control import options
from mockserver.harness import pytest_plugin
from mockserver.server import environment

from .conftest import Run

GUIDE = (Path(__file__).parents[2] / "docs" / "TESTING.md").read_text()


def test_its_examples_pass(run: Run, pytester: pytest.Pytester) -> None:
    examples = re.findall(r"^```python\n# (\S+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(examples) == len(re.findall("^```python$", GUIDE, re.MULTILINE))
    for name, text in examples:
        (pytester.path / name).write_text(text)
    count = len(re.findall(r"^ *(?:async )?def test_", GUIDE, re.MULTILINE))
    run("", "-o", "asyncio_mode=strict").assert_outcomes(passed=count)


def test_it_names_every_argument_of_the_marker_and_every_variable() -> None:
    for name in (*options.described(), *pytest_plugin._JUDGING):
        assert f"`{name}=" in GUIDE
    for name in options.described():
        flag = f"--signalwire-{name.replace('_', '-')}"
        assert f"`{flag}`, `signalwire_{name}`" in GUIDE
    variables = environment.environment("", "", "", "")
    assert all(f"`{name}`" in GUIDE for name in variables)

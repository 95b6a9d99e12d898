"""Runs pytest inside pytest, as a project would that has the package installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

PLUGIN = "mockserver.harness.pytest_plugin"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a test file: ``run(text, "-k", "that")``.

    Only with the plugins that it needs, as loading others takes a while; ``installed=True`` takes
    all that are installed, ours among them if it is.
    """
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "addopts = --strict-markers -p no:cacheprovider"
    )

    # In CI pytest tells each message once more, in its summary.
    monkeypatch.delenv("CI", raising=False)

    def run(text: str, *arguments: str, installed: bool = False) -> pytest.RunResult:
        pytester.makepyfile(text)
        plugins = [PLUGIN]
        if installed:
            known = {entry.value for entry in entry_points(group="pytest11")}
            plugins = [] if PLUGIN in known else plugins
        else:
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            plugins += ["pytest_asyncio.plugin", "xdist.plugin"]
        # In this process, modules in C would be loaded again every time, which they do not bear.
        return pytester.runpytest_subprocess(*(f"-p{name}" for name in plugins), *arguments)

    return run

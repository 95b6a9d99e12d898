"""What reads our formats elsewhere: parsers and schemas from npm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.shared.npm import install

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def npm_package() -> Callable[[str], Path]:
    """Gives the folder of a package of ``package.json``, all of which it installs if needed.

    Without npm the test is skipped; in CI it fails then.
    """
    modules = install(HERE, "the parsers of the formats come from there")
    return lambda name: modules / name

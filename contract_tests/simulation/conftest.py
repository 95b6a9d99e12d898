"""Many worlds are made and thrown away here: what else there is need not be looked through."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def _collect_worlds_only() -> Iterator[None]:
    """Have the garbage collector pass over what was there before, which never ends."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()

"""Watches the file of the server's scenario: a changed one is checked, and the next play has it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from mockserver import scenarios
from mockserver.control.keeper import Spaces

logger = logging.getLogger(__name__)


class WatchError(Exception):
    """The scenario cannot be watched; says why."""


def file_of(scenario: str) -> Path:
    """The file to watch.

    Raises:
        WatchError: the scenario is none of somebody's own, or what watches files is missing.
    """
    from mockserver.scenarios.library import is_path

    if not is_path(scenario):
        raise WatchError(
            f'--watch needs a scenario of your own, a file: "{scenario}" is one that ships'
        )
    try:
        import watchfiles  # noqa: F401 - found missing now, rather than later
    except ImportError:
        raise WatchError(
            'watching needs watchfiles: python -m pip install "signalwire-mockserver[watch]"'
        ) from None
    return Path(scenario).absolute()


async def watch(path: Path, spaces: Spaces, stopped: asyncio.Event) -> None:
    """Load the file each time that it changes, until stopped. A faulty one is told, and not played.

    Args:
        path: the scenario's file.
        spaces: those that begin from now on play it.
        stopped: ends this.
    """
    from watchfiles import awatch

    # From now on it is played as it was checked, whatever becomes of the file.
    _take(path, spaces)
    # Editors put another file in its place: the folder is what stays.
    async for changes in awatch(
        path.parent,
        watch_filter=lambda _, changed: Path(changed).name == path.name,
        recursive=False,
        stop_event=stopped,
    ):
        if changes and path.is_file() and _take(path, spaces):
            logger.info("%s has changed and holds; the next play has it", path)


def _take(path: Path, spaces: Spaces) -> bool:
    try:
        spaces.scenario = scenarios.load(path)
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError) as error:
        logger.error("the changed scenario is faulty; the former one stays: %s", error)
        return False
    return True

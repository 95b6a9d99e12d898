"""Node, the vendor's clients, and a server to point them at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.npm import install, program

from .cases import SERVICE, VERSIONS, AllPlayed, play
from .runs import SPEED, NodeRunner, Server

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node() -> NodeRunner:
    """Node with the vendor's clients, installed when they are missing or others are locked now."""
    found = program("node", "the clients need Node 20")
    install(HERE, "the clients come from there")
    return NodeRunner(found)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server of the test's own, so that what it logs and how it ends belong to this test."""
    return serve("--speed", str(SPEED))


@pytest.fixture(scope="session")
def played(node: NodeRunner, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AllPlayed]:
    """All cases of ``cases.yaml``, played once by each version of the client."""
    folders = [tmp_path_factory.mktemp(name) for name in ("demo", "service")]
    with (
        processes.server(folder=folders[0]) as demo,
        processes.server("--scenario", str(SERVICE), folder=folders[1]) as service,
    ):
        return {version: play(node, version, demo, service) for version in VERSIONS}

"""The mock in a container that the tests start: testcontainers for Python.

python -m pip install testcontainers pytest
docker build -f Containerfile -t signalwire-mockserver .
python -m pytest examples/ci/test_containers.py
"""

import json
from urllib.request import Request, urlopen

import pytest

testcontainers = pytest.importorskip("testcontainers.core.container")
waiting = pytest.importorskip("testcontainers.core.waiting_utils")

TOKEN = "for-tests-only"


@pytest.fixture(scope="session")
def mock_url():
    """Where the control API is."""
    container = testcontainers.DockerContainer("signalwire-mockserver")
    container.with_exposed_ports(8787).with_env("MOCKSERVER_CONTROL_TOKEN", TOKEN)
    with container:
        waiting.wait_for_logs(container, "mock SignalWire server")
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8787)}"


def test_the_mock_is_there(mock_url):
    """An application would connect to the same port."""
    request = Request(f"{mock_url}/__mock__/health", headers={"Authorization": f"Bearer {TOKEN}"})
    with urlopen(request, timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"

"""The vendor's clients by TLS: a host without a scheme is reached by ``wss://``, as ever."""

from __future__ import annotations

import pytest

from contract_tests.conftest import Serve
from mockserver import contract

from .runs import SPEED, NodeRunner, methods, timeline


@pytest.mark.parametrize("program", ["life-4", "life-3", "session-4", "session-3"])
def test_host_without_a_scheme(program: str, node: NodeRunner, serve: Serve) -> None:
    """A recording's whole life; and a connection that is lost and resumed."""
    server = serve("--tls", "--speed", str(SPEED))
    host = server.url.removeprefix("wss://")
    scenario = "resume-after-drop" if program.startswith("session") else "demo"
    spec = {"host": host, "project": program, "token": f"scenario:{scenario}"}
    trusting = {"NODE_EXTRA_CA_CERTS": server.ready["ca"]}
    run = node(f"checks/{program}.mjs", spec, environment=trusting)
    trace = server.trace(program)
    assert run.exit_code == 0, run.told(trace)
    assert "signalwire.subscribe" in methods(trace), timeline(trace)
    assert contract.check(trace) == [], timeline(trace)


def test_node_that_does_not_trust(node: NodeRunner, serve: Serve) -> None:
    server = serve("--tls")
    run = node("checks/untrusting.mjs", {"port": int(server.url.rpartition(":")[2])})
    assert run.stdout == "UNABLE_TO_VERIFY_LEAF_SIGNATURE\n", run
    [failed] = server.get("/__mock__/health")["failed_connections"]
    assert f"NODE_EXTRA_CA_CERTS={server.ready['ca']} (Node)" in failed["message"]

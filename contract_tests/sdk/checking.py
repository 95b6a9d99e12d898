"""Runs one of the small programs that check, with the vendor's client, what a user relies on."""

from __future__ import annotations

from mockserver import contract

from .runs import NodeRunner, Server


def check(
    node: NodeRunner,
    server: Server,
    name: str,
    *,
    scenario: str = "demo",
    logged: tuple[str, ...] = (),
) -> contract.Trace:
    """Run ``checks/NAME.mjs``, which must succeed; returns the trace.

    Args:
        node: runs it.
        server: what its client connects to.
        name: of the program.
        scenario: what the server plays for it.
        logged: the warnings and errors that the vendor's client logs, no more and no fewer.
    """
    run = node(
        f"checks/{name}.mjs",
        {"host": server.url, "project": name, "token": f"scenario:{scenario}"},
    )
    trace = server.trace(name)
    assert run.exit_code == 0, run.told(trace)
    assert run.logged == list(logged), run.told(trace)
    broken = contract.check(trace)
    assert not broken, f"{contract.render(broken, trace)}\n{run.told(trace)}"
    return trace

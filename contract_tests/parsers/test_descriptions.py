"""AsyncAPI's and OpenRPC's own parsers accept the documents that are made from the schemas."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver.protocol.descriptions import specifications

HERE = Path(__file__).parent
Verdict = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def verdict(npm_package: Callable[[str], Path]) -> Verdict:
    npm_package("@asyncapi/parser")

    def judge(asyncapi: dict[str, Any], openrpc: dict[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            ["node", "check_descriptions.mjs"],
            cwd=HERE,
            input=json.dumps({"asyncapi": asyncapi, "openrpc": openrpc}),
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return judge


def test_the_documents_are_valid(verdict: Verdict) -> None:
    asyncapi = specifications.asyncapi("1.2.3")
    found = verdict(asyncapi, specifications.openrpc("1.2.3"))
    assert found == {"asyncapi": [], "openrpc": [], "operations": len(asyncapi["operations"])}


def test_the_parsers_see_what_is_wrong(verdict: Verdict) -> None:
    asyncapi, openrpc = (
        deepcopy(specifications.asyncapi("1")),
        deepcopy(specifications.openrpc("1")),
    )
    # One operation without its messages: the parser takes long over all of them.
    asyncapi["operations"] = {"odd": {"action": "take", "channel": {"$ref": "#/channels/socket"}}}
    asyncapi["channels"]["socket"]["messages"] = {}
    del asyncapi["components"]
    del openrpc["methods"][0]["params"]
    found = verdict(asyncapi, openrpc)
    assert found["asyncapi"]
    assert found["openrpc"]

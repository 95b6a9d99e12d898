"""The token of the control API, from the command line to the ready file."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.patience import PATIENCE_S


def health(url: str, token: str | None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        request = urllib.request.Request(f"{url}/__mock__/health", headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize(
    ("options", "token"), [((), None), (("--control-token", "my-token"), "my-token")]
)
def test_a_token_that_was_given_is_asked_for_and_not_told(
    options: tuple[str, ...], token: str | None, serve: Serve
) -> None:
    server = serve(*options)
    assert server.ready.get("token") == token
    assert health(server.http, None) == (200 if token is None else 401)
    assert health(server.http, token) == 200
    assert "Bearer" not in server.log.read_text()


def test_beyond_loopback_one_is_made_up_and_told(serve: Serve) -> None:
    """An address that is written unusually is taken for one beyond, which is the safe mistake."""
    server = serve("--host", "127.1")
    token = server.ready["token"]
    assert f"Authorization: Bearer {token}" in server.log.read_text()
    assert health(server.http, None) == 401
    assert health(server.http, token) == 200

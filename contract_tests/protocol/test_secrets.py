"""What may be a token is masked, whatever the case of its key; all else stays as it is."""

from __future__ import annotations

import json

import pytest

from mockserver.protocol.secrets import (
    AT_ONCE,
    MASK,
    mask_text,
    mask_value,
    masking,
    may_hold_secrets,
)


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "API_TOKENS",
        "token\n",
        "token\u017f",
        "jwt",
        "clientSecret",
        "password",
        "Passwd",
        "passphrase",
        "db_pwd",
        "credential",
        "Credentials",
        "aws_access_key",
        "privateKey",
        "api-Key",
        "Authorization",
        "authorization_state",
        "params",
        "authentication",
    ],
)
def test_a_key_of_a_secret(key: str) -> None:
    assert mask_value({"a": 1, key: "x", "b": [{key: "x"}]}) == {
        "a": 1,
        key: MASK,
        "b": [{key: MASK}],
    }
    assert list(mask_value({"z": 1, key: "x", "b": 2})) == ["z", key, "b"]


@pytest.mark.parametrize("key", ["", "key-1", "tokenizer", "name", "keys", "monkey"])
def test_any_other_key(key: str) -> None:
    value = {key: "x", "n": 1, "none": None}
    assert mask_value(value) == value


def test_what_is_masked_is_a_copy() -> None:
    value = {"token": "x", "inner": {"jwt": "y"}}
    mask_value(value)
    assert value == {"token": "x", "inner": {"jwt": "y"}}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("TOKEN: abc", f"TOKEN: {MASK}"),
        ("\u017fecret=abc", f"\u017fecret={MASK}"),
        ("Bearer abc", f"Bearer {MASK}"),
        ("<token>abc</token>", f"<token>{MASK}</token>"),
        ("Authorization: Digest abc", f"Authorization: {MASK}"),
        ("Authorization: Bearer abc def\nHost: x", f"Authorization: Bearer {MASK}\nHost: x"),
        (r'{"to\u006ben": "abc"', f'{{"token": {MASK}'),
        (r'{"\u0074\u004fken": "abc"', f'{{"tOken": {MASK}'),
        (r'{"a\u0022b": "\u00e4"', r'{"a\u0022b": "\u00e4"'),
        ("it says eyJhbGciOi.abc", f"it says {MASK}"),
        ("a plain text: with a colon", "a plain text: with a colon"),
    ],
)
def test_a_text(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize("key", ["Token ", "to\u200bken", "auth", "signature", "x"])
def test_of_an_authentication_only_the_project_is_shown(key: str) -> None:
    frame = {"params": {"authentication": {"project": "p", key: "x", "more": [{key: "x"}]}}}
    assert mask_value(frame) == {
        "params": {"authentication": {"project": "p", key: MASK, "more": MASK}}
    }
    assert mask_value({"authentication": {"project": ["x"]}}) == {
        "authentication": {"project": MASK}
    }


def test_a_header_in_a_list() -> None:
    headers = [["Authorization", "abc"], ["X-Token", "abc"], ["Host", "abc"], ["token", "a", "b"]]
    assert mask_value(headers) == [
        ["Authorization", MASK],
        ["X-Token", MASK],
        ["Host", "abc"],
        ["token", "a", "b"],
    ]


@pytest.mark.parametrize(
    "frame", [{"authentication": {"x": "y"}}, {"a": {"db_pwd": "x"}}, {"credential": "x"}]
)
def test_a_frame_with_a_secret_is_looked_into(frame: dict[str, object]) -> None:
    assert may_hold_secrets(json.dumps(frame).encode())


def in_steps(value: object) -> tuple[object, int]:
    """What `masking` makes of a value, and in how many steps."""
    steps = masking(value)
    count = 0
    while True:
        count += 1
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count


MANY = 2 * AT_ONCE + 1


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Bearer abc",
        ["X-Token", "abc"],
        {"headers": [["X-Token", "abc"], ["Host", "abc"]]},
        {"authentication": {"project": "p", "x": "y"}, "a": {"token": "x", "b": [{"pwd": "y"}]}},
        {"authentication": "x", "params": "x", "authorization": {"token": "x"}},
        {"params": {**{f"key-{each}": each for each in range(MANY)}, "token": "x", "z": 1}},
        {"params": [{"token": each} for each in range(MANY)]},
        {"credentials": {"a": 1}, "passwords": ["a", "b"], "a": {"authentication": [1]}},
    ],
    ids=lambda value: str(value)[:30],
)
def test_it_is_masked_alike_in_steps(value: object) -> None:
    whole = mask_value(value)
    masked, _ = in_steps(value)
    assert masked == whole
    # The order of keys stays, too.
    assert json.dumps(masked) == json.dumps(whole)


@pytest.mark.parametrize(
    "many", [dict.fromkeys(map(str, range(MANY)), "x"), {"deep": {"er": ["x"] * MANY}}]
)
def test_what_is_long_takes_several_steps(many: object) -> None:
    _, count = in_steps(many)
    assert count > MANY // AT_ONCE

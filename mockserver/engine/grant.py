"""What a client may do that connected with a token of a space's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Grant(NamedTuple):
    """What such a token says.

    Attributes:
        project: whose it is.
        permissions: what it allows.
        claims: all that it says; namespaces know what else concerns them.
        authorization: what ``authorization`` in the answer to ``signalwire.connect`` says of it.
    """

    project: str
    permissions: frozenset[str]
    claims: Mapping[str, Any]
    authorization: Mapping[str, Any] = MappingProxyType({})

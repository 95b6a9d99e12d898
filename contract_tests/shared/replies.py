"""An answer over HTTP, read as a whole."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import aiohttp


class Reply:
    """An answer.

    Attributes:
        KINDS: the media types in which JSON may come.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("application/json",)

    def __init__(self, response: aiohttp.ClientResponse, data: bytes) -> None:
        self.status = response.status
        self.kind = response.content_type
        self.headers = response.headers
        self.data = data

    @property
    def json(self) -> Any:
        assert self.kind in self.KINDS, self.kind
        return json.loads(self.data)

"""What the server said of an object, and typed fields to read it by."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class ServerObject:
    """An object of the server, known by its ``id``: one Python object each, kept up to date."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self._payload = payload

    @property
    def payload(self) -> dict[str, Any]:
        """The newest payload as it came; not a copy."""
        return self._payload

    @property
    def id(self) -> str:
        """The unique id."""
        return str(self._payload["id"])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class Field(Generic[T]):
    """A field of the payload, under its own name; ``default`` when the server left it out."""

    def __init__(self, default: T) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Field[T]: ...

    @overload
    def __get__(self, instance: ServerObject, owner: type) -> T: ...

    def __get__(self, instance: ServerObject | None, owner: type) -> Field[T] | T:
        if instance is None:
            return self
        value: T = instance.payload.get(self._name, self._default)
        return value

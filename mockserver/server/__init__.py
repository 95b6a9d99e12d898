"""The shell: carries bytes between sockets and the engine. It decides nothing."""

from .server import Server
from .settings import Settings, SpaceSettings

__all__ = ["Server", "Settings", "SpaceSettings"]

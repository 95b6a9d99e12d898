"""The shell: carries bytes between sockets and the engine. It decides nothing."""

from .app import Server
from .settings import Settings

__all__ = ["Server", "Settings"]

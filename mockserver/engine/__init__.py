"""The engine: spaces, sessions, rooms and recordings, without sockets, event loops or wall clocks.

Frames and time go in, frames come out; the same inputs and the same seed give the same bytes.
"""

from .clock import MICROSECONDS, Clock, ManualClock, RunningClock, seconds
from .gate import Gate
from .journal import Journal
from .media import Media
from .room import Member, RoomSession
from .script import AnswerPlan, Script
from .session import Closing, Connection, Session
from .space import DEFAULT_LATENCY_US, Space

__all__ = [
    "DEFAULT_LATENCY_US",
    "MICROSECONDS",
    "AnswerPlan",
    "Clock",
    "Closing",
    "Connection",
    "Gate",
    "Journal",
    "ManualClock",
    "Media",
    "Member",
    "RoomSession",
    "RunningClock",
    "Script",
    "Session",
    "Space",
    "seconds",
]

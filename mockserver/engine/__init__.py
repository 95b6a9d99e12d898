"""The engine: spaces, sessions, rooms and recordings, without sockets, event loops or wall clocks.

Frames and time go in, frames come out; the same inputs and the same seed give the same bytes. The
modules of this folder are the core, which knows no namespace; each folder in it is a namespace.
"""

from .activity import Activity
from .clock import MICROSECONDS, Clock, ManualClock, RunningClock, seconds
from .container import Container
from .faults import FAULTS, Fault, FaultError, Faults, Injection, Strike
from .gate import Gate, Keeper
from .grant import Grant
from .journal import Journal
from .limits import SpaceLimits
from .namespaces import ACTIONS, CALLS, TABLES
from .planned import Planned, PlannedAnswers
from .script import AnswerPlan, Coming, RestBehaviour, Script
from .session import Closing, Connection, Session
from .space import DEFAULT_LATENCY_US, Space
from .video import Happened, Limits, Member, RoomSession, RoomSettings, Video

__all__ = [
    "ACTIONS",
    "CALLS",
    "DEFAULT_LATENCY_US",
    "FAULTS",
    "MICROSECONDS",
    "TABLES",
    "Activity",
    "AnswerPlan",
    "Clock",
    "Closing",
    "Coming",
    "Connection",
    "Container",
    "Fault",
    "FaultError",
    "Faults",
    "Gate",
    "Grant",
    "Happened",
    "Injection",
    "Journal",
    "Keeper",
    "Limits",
    "ManualClock",
    "Member",
    "Planned",
    "PlannedAnswers",
    "RestBehaviour",
    "RoomSession",
    "RoomSettings",
    "RunningClock",
    "Script",
    "Session",
    "Space",
    "SpaceLimits",
    "Strike",
    "Video",
    "seconds",
]

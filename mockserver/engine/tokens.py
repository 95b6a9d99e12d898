"""What a client's token asks for: a scenario, and faults for its session.

``scenario:pause-resume``, ``fault:duplicate``, or several with commas between them:
``scenario:pause-resume,fault:duplicate,fault:delay``. Any other token asks for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from .faults import FAULTS
from .faults.catalogue import fault

SCENARIO = "scenario:"
"""Names the script of a new space."""

FAULT = "fault:"
"""Names a fault that is injected for the client's session, with its default parameters."""


class Wishes(NamedTuple):
    """What a token asks for.

    Attributes:
        scenario: the name of a scenario; None: whichever is played.
        faults: names of the catalogue.
    """

    scenario: str | None = None
    faults: tuple[str, ...] = ()


NOTHING = Wishes()


def read(token: str) -> Wishes:
    """What a token asks for.

    Raises:
        FaultError: it names a fault that there is not.
    """
    if not token.startswith((SCENARIO, FAULT)):
        return NOTHING
    scenario, faults = None, []
    for part in token.split(","):
        if part.startswith(FAULT):
            faults.append(fault(part.removeprefix(FAULT)).name)
        else:
            scenario = part.removeprefix(SCENARIO)
    return Wishes(scenario, tuple(faults))


def scope_of(name: str, session: str) -> dict[str, str]:
    """Parameters by which a fault is for one session, as far as it can be for one."""
    return {"session": session} if "session" in FAULTS[name].scope else {}

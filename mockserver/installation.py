"""Whether the installed package ``mockserver`` is this project's own, and nothing else's.

Other distributions install a package of that name too, PyPI's ``mockserver-client`` for one. pip
lets the one that is installed last overwrite the files of the other, and both stay half broken.
This module looks at what Python has imported and at one folder: it is cheap enough for every start.
"""

from __future__ import annotations

import sys
from pathlib import Path

DISTRIBUTION = "signalwire-mockserver"

OWN_MODULES = frozenset(
    {"__init__.py", "__main__.py", "installation.py", "listening.py", "printable.py", "realtime.py"}
)
"""The modules that lie in the package's folder itself; all others are in folders below it."""

_MEND = (
    f"Install the two in environments of their own; or uninstall both here, and then install "
    f"{DISTRIBUTION} again."
)


class WrongPackage(ImportError):
    """The package ``mockserver`` is another distribution's; the message says how to mend it."""


def overwritten() -> str:
    """What is wrong if ``mockserver`` itself is not this project's; "" if it is."""
    package = sys.modules["mockserver"]
    if vars(package).get("__distribution__") == DISTRIBUTION:
        return ""
    where = getattr(package, "__file__", None) or f"{Path(__file__).parent} without __init__.py"
    return (
        f'the installed package "mockserver" ({where}) is not that of {DISTRIBUTION}: another '
        f"distribution, such as mockserver-client, has overwritten or removed it. {_MEND}"
    )


def mixed() -> str:
    """What is wrong if another distribution's modules lie among this project's; "" if none do."""
    folder = Path(__file__).parent
    strange = {path.name for path in folder.glob("*.py")} - OWN_MODULES
    if not strange:
        return ""
    some = ", ".join(sorted(strange)[:3])
    return (
        f'the package "mockserver" ({folder}) also holds modules of another distribution, such as '
        f"mockserver-client ({some}), which cannot work beside {DISTRIBUTION}. {_MEND}"
    )

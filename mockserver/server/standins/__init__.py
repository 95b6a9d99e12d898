"""Stand-ins: servers in the place of those that the vendor's own tests start.

The vendor's SDKs are tested against small servers, each with ports and a control API of its own. A
stand-in answers on the same ports with the same control API, and has the mock behind it. Each is a
module here; ``listener`` runs it, ``kept`` and ``scenarios`` are what they have in common.
``STAND_INS`` in ``mockserver/cli/stand_in.py`` lists them.
"""

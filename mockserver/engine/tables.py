"""The tables of all that the core and some namespaces bring: what a space can be made to do."""

from __future__ import annotations

from collections.abc import Mapping

from . import actions, calls
from .namespace import Action, Call, Namespace


class Tables:
    """Made once and shared by all spaces that have the same namespaces.

    Attributes:
        namespaces: the namespaces, in the order in which a space makes them.
        calls: method -> its row, for all that clients can call but ``signalwire.connect``.
        actions: verb -> its row, for all that can be done to a running space.
    """

    def __init__(self, *namespaces: type[Namespace]) -> None:
        self.namespaces = namespaces
        self.calls: Mapping[str, Call] = calls.CALLS | {
            method: row for each in namespaces for method, row in each.calls.items()
        }
        self.actions: Mapping[str, Action] = {
            verb: row for each in namespaces for verb, row in each.actions.items()
        } | actions.ACTIONS

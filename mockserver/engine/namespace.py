"""A namespace: one family of calls and events (``video``), with what it keeps in one space.

A namespace is a folder beside this file. It brings rows to the tables of calls and actions, knows
its channels, and keeps its containers. It knows the core; the core knows no namespace, and the
namespaces do not know each other. ``namespaces.py`` lists them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from .activity import Activity
from .container import Container

if TYPE_CHECKING:
    from .grant import Grant
    from .session import Session
    from .space import Space

Params = dict[str, Any]
Result = dict[str, Any]
Arguments = Mapping[str, Any]


class Action(NamedTuple):
    """One thing that the service, or a person, can be made to do.

    Attributes:
        do: does it; takes the owner (the namespace, or the space itself for an action of the core),
            the container that it happens in (if it needs one), and the arguments of its schema in
            ``schemas/actions/``. Returns what it was done to, as far as that is one thing. Raises
            Refusal when the state does not allow it.
        container: what it happens in, by the name of its argument (``room``); None: nothing.
        namespace: who owns it; None: the space itself.
    """

    do: Callable[..., Any]
    container: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One method that clients can call.

    Attributes:
        handle: takes the owner (as with Action), the session that called, and the params, which
            have passed their schema. It changes the space and returns the result; the answer is
            sent before the events that it caused. It refuses by raising Refusal. A result with a
            long list in it is a `Document`: it is made in steps, before anything else happens in
            the space.
        namespace: who owns it; None: the space itself.
    """

    handle: Callable[[Any, Session, Params], Result]
    namespace: str | None = None


def ok(**more: Any) -> Result:
    """The result of a call that was served [T]."""
    return {"code": "200", "message": "OK", **more}


class Namespace(ABC):
    """What a namespace is to the core.

    Attributes:
        name: as its methods and event types begin.
        calls: method -> its row.
        actions: verb -> its row.
    """

    name: ClassVar[str]
    calls: ClassVar[Mapping[str, Call]]
    actions: ClassVar[Mapping[str, Action]]

    def __init__(self, space: Space) -> None:
        self.space = space

    @classmethod
    def of(cls, space: Space) -> Self:
        """A space's part of this namespace. Raises KeyError for a space made without it."""
        found = space.namespaces[cls.name]
        assert isinstance(found, cls)
        return found

    @property
    @abstractmethod
    def is_busy(self) -> bool:
        """Whether anything is running in it."""

    def check_grant(self, grant: Grant, params: Params) -> None:
        """Make sure that a token may be used for what a call is about; any may by itself.

        Raises:
            Refusal: 403.
        """
        return

    # Channels: what `signalwire.subscribe` is about

    @abstractmethod
    def has_channel(self, channel: str) -> bool:
        """Whether clients can subscribe to this channel."""

    @abstractmethod
    def channels(self) -> Iterable[str]:
        """The channels that are there now, the most general first."""

    @abstractmethod
    def container_on(self, channel: str) -> Container | None:
        """The container of a channel; None for a channel of several."""

    @abstractmethod
    def subscribed(
        self, session: Session, channel: str, events: list[str], *, first: bool, state: bool
    ) -> Iterator[None] | None:
        """A session has subscribed to a channel of this namespace.

        Args:
            session: the session.
            channel: the channel.
            events: the event types, as the mock knows them.
            first: whether it had no subscription there before.
            state: whether it asks how things stand (``get_initial_state``).

        Returns:
            What is to be done because of that, in steps; None: nothing.
        """

    @abstractmethod
    def unsubscribed(self, session: Session, channel: str, events: set[str]) -> None:
        """A session has unsubscribed from a channel of this namespace."""

    @abstractmethod
    def forgotten(self, session: Session) -> None:
        """A session has ended for good."""

    # Containers and activities

    @abstractmethod
    def concerned(self, params: Mapping[str, Any]) -> Container | None:
        """The running container that a call with these params is about, if it is about one."""

    @abstractmethod
    def container_of(self, params: Mapping[str, Any]) -> Container | None:
        """The container that a call or an event with these params is about; it may have ended."""

    @abstractmethod
    def emit_activity(
        self, container: Container, activity: Activity, event: str, *, was_running: bool
    ) -> None:
        """Make the event of an activity that started, changed or ended.

        Args:
            container: where it runs.
            activity: as it is now.
            event: the last part of the event's type: ``started``, ``updated``, ``ended``.
            was_running: whether any activity of its kind was running there before.
        """

    def run(self, container: Container, activity: Activity, label: str | None = None) -> None:
        """Have an activity that has just started run in a container."""
        was_running = container.is_running(activity.kind)
        container.put(activity, label)
        self.emit_activity(container, activity, "started", was_running=was_running)
        self._watch_end(container, activity)

    def apply(
        self,
        container: Container,
        activity: Activity,
        verb: str,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Pause, resume, stop, …; the table of its kind decides.

        Raises:
            Refusal: 404 when the container has ended, 409 when the state does not allow it [A].
        """
        container.check_running()
        was_running = container.is_running(activity.kind)
        event = activity.apply(verb, self.space.now, params or {})
        if activity.has_ended:
            container.note_end(activity)
        self.emit_activity(container, activity, event, was_running=was_running)
        self._watch_end(container, activity)

    def end_activities(self, container: Container) -> None:
        """Stop what runs in a container that is about to end, each with its own event [A]."""
        for kind in container.kinds:
            for activity in container.running(kind):
                self.apply(container, activity, "stop")

    def _watch_end(self, container: Container, activity: Activity) -> None:
        """Stop it when it will have come to its end, unless that has changed by then."""
        end = activity.ends_by_itself_at()
        if end is None:
            return

        def stop() -> None:
            if not activity.has_ended and activity.ends_by_itself_at() == self.space.now:
                self.apply(container, activity, "stop")

        self.space.agenda.add(max(end, self.space.now), stop)

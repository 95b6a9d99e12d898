"""The faults of a space that may still strike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import TO_CLIENT, TO_SERVER, Mark
from mockserver.engine.script import AnswerPlan
from mockserver.protocol.errors import AuthenticationFailed

from . import sockets
from .calls import ON_CALL, PLANS
from .catalogue import FAULTS, read
from .frames import EFFECTS, INVITING
from .hand import Hand
from .incoming import Incoming
from .injection import Injection
from .outgoing import Outgoing
from .sessions import REFUSE_RESUME, REVOKE

if TYPE_CHECKING:
    from mockserver.engine.identity import Identities
    from mockserver.engine.session import Connection, Session
    from mockserver.engine.space import Space

    from .chaos import Chaos


class Faults:
    """Keeps what was injected into a space, and lets it have the frames that it is for.

    Attributes:
        active: those that are not over, in the order in which they were injected. A space asks
            for nothing else while there are none.
        chaos: those that were drawn from a seed, if any were.
    """

    def __init__(self, space: Space) -> None:
        self.active: list[Injection] = []
        self.chaos: Chaos | None = None
        self._space = space
        self._count = 0

    # By testers

    def inject(
        self, name: str, given: Mapping[str, Any] | None = None, /, **more: Any
    ) -> Injection:
        """Inject a fault: it may strike from now on.

        Args:
            name: of the catalogue.
            given: its own parameters, and those of ``schemas/fault_scope.json``; durations are
                ``"250ms"``, or numbers of seconds.
            more: the same by keywords: ``inject("drop", events="video.*", times=2)``. ``for_``
                stands for ``for``, which Python keeps for itself.

        Returns:
            The injection; ``withdraw`` takes its number.

        Raises:
            FaultError: no such fault, or parameters that do not fit.
        """
        given = {**(given or {}), **{key.removesuffix("_"): value for key, value in more.items()}}
        return self._begin(name, given, self._space.identities.branch(f"faults/{self._count + 1}"))

    def unleash(self, chaos: Chaos) -> None:
        """Inject what was drawn from a seed."""
        self.chaos = chaos
        for name, given in chaos.faults():
            chaos.injections.append(self._begin(name, given, chaos.identities(name)))

    def _begin(self, name: str, given: Mapping[str, Any], identities: Identities) -> Injection:
        arguments = read(name, given)
        space = self._space
        self._count += 1
        injection = Injection(
            self._count,
            FAULTS[name],
            given,
            arguments,
            identities,
            until=space.now + arguments["for_us"] if "for_us" in arguments else None,
        )
        self.active.append(injection)
        self._note(injection, "begins")
        if injection.fault.layer != "frame":
            if injection.until is not None:
                space.agenda.add(injection.until, partial(self._end, injection))
            if sockets.begin(space, injection):
                self._struck(injection)
        return injection

    def withdraw(self, number: int | None = None) -> None:
        """End an injection, or all of them; one that is over already stays so."""
        for injection in [each for each in self.active if number in (None, each.number)]:
            self._end(injection)

    def current(self) -> list[Injection]:
        """Those that are not over now."""
        self.forget_those_over()
        return list(self.active)

    def forget_those_over(self) -> None:
        """End those that can strike no more."""
        now = self._space.now
        for injection in [each for each in self.active if each.is_over(now)]:
            self._end(injection)

    def _end(self, injection: Injection) -> None:
        if injection in self.active:
            self.active.remove(injection)
            self._note(injection, "is over")
            sockets.end(self._space, injection)

    def _note(self, injection: Injection, what: str) -> None:
        given = ", ".join(f"{key}: {value}" for key, value in injection.given.items())
        text = f"fault {injection.number}, {injection.fault.name}{given and f' ({given})'}, {what}"
        self._space.journal.note(self._space.now, None, text)

    def _struck(self, injection: Injection) -> None:
        injection.count()
        if injection.is_over(self._space.now):
            self._end(injection)

    # By the space, while there are any

    def take(self, frame: Outgoing) -> bool:
        """Let the first fault that a frame to a client is for have it.

        Returns whether it took the frame: the space has nothing to send then.
        """
        if self._is_trapped(frame):
            return True
        for injection in self.current():
            if (
                not injection.can_strike
                or not self._is_for(injection, frame)
                or not injection.has_chance()
            ):
                continue
            hand = Hand(self._space, injection, frame)
            if injection.fault.layer != "frame":
                is_struck, is_taken = True, self._strike_at(hand)
            else:
                effect = EFFECTS.get(injection.fault.name)
                is_struck = is_taken = effect is not None and effect(hand)
            if is_struck:
                self._struck(injection)
            if is_taken:
                return True
        return False

    def _is_trapped(self, frame: Outgoing) -> bool:
        """Whether an earlier frame of the connection has set up a trap, which has this one now."""
        for injection in self.active:
            for trap in injection.traps:
                if trap.connection is frame.connection:
                    hand = Hand(self._space, injection, frame)
                    is_meant = self._is_for(injection, frame) and injection.has_chance()
                    trap.see(hand, is_meant=is_meant)
                    if hand.is_new:
                        self._struck(injection)
                    return True
        return False

    def _strike_at(self, hand: Hand) -> bool:
        """Strike the connection of a frame; returns whether the frame is lost by that."""
        injection, session = hand.injection, hand.frame.session
        strike = partial(sockets.strike, self._space, injection, session)
        if hand.get("before", otherwise=False):
            hand.lose()
            strike()
            return True
        # When this frame, and what else leaves at this moment, has been sent.
        self._space.later(0, strike)
        return False

    def invite(self, data: bytes, invited: Iterable[Session]) -> None:
        """Send an event also to sessions that have not subscribed it, where a fault wants that.

        Args:
            data: the event, encoded.
            invited: the sessions that have subscribed it.
        """
        uninvited = [
            each
            for each in self._space.sessions.values()
            if each not in invited and not each.is_away
        ]
        for injection in self.current():
            if injection.fault.name not in INVITING or not injection.can_strike:
                continue
            for session in uninvited:
                assert session.connection is not None
                frame = Outgoing.of(session, session.connection, data)
                if self._is_for(injection, frame) and injection.has_chance():
                    Hand(self._space, injection, frame).send_out_of_turn()
                    self._struck(injection)

    def note_connected(self, session: Session) -> None:
        """A session has just been connected."""
        for injection in self.current():
            if (
                injection.fault.layer != "frame"
                and injection.fault.name != REFUSE_RESUME
                and not injection.fault.at_door
                and not injection.has_frame_filter
                and injection.can_strike
                and injection.is_for_session(session.name)
                and injection.has_chance()
            ):
                sockets.strike(self._space, injection, session)
                self._struck(injection)

    def take_call(self, connection: Connection, frame: dict[str, Any], data: bytes) -> bool:
        """Let the first fault that a client's call is for have it, on its way to the server.

        Returns whether it took the call: the space has nothing to handle now.
        """
        session = connection.session
        name = session.name if session is not None else None
        for injection in self.current():
            if injection.direction != TO_SERVER or not self._is_for_call(injection, name, frame):
                continue
            call = Incoming(self._space, injection, connection, frame, data)
            for window in injection.windows:
                if window.connection is connection:
                    window.add(call)
                    return True
            if (
                injection.can_strike
                and injection.has_chance()
                and ON_CALL[injection.fault.name](call)
            ):
                self._struck(injection)
                return True
        return False

    def plan(self, session: Session | None, frame: dict[str, Any]) -> AnswerPlan | None:
        """How the first fault that a call's answer is for wants it answered; None: as usual.

        Args:
            session: who calls; None for ``signalwire.connect``.
            frame: the call.
        """
        method = frame["method"]
        if method == "signalwire.connect" and (revoked := self._revoked(frame["params"])):
            return revoked
        name = session.name if session is not None else None
        for injection in self.current():
            make = PLANS.get(injection.fault.name)
            if (
                make is not None
                and injection.can_strike
                and self._is_for_call(injection, name, frame)
                and injection.has_chance()
            ):
                self._struck(injection)
                return make(injection, method)
        return None

    def _is_for_call(self, injection: Injection, name: str | None, frame: dict[str, Any]) -> bool:
        return (
            injection.is_for_session(name)
            and injection.is_for_method(frame["method"])
            and self._is_for_room(injection, frame["params"], "")
        )

    def _revoked(self, params: Mapping[str, Any]) -> AnswerPlan | None:
        """How a connect is refused whose credentials were revoked; None: they were not."""
        for injection in self.current():
            is_of_one = "session" in injection.arguments
            if injection.fault.name == REVOKE and (
                params.get("protocol") in injection.protocols or not is_of_one
            ):
                mark = Mark(injection.fault.name)
                return AnswerPlan(AuthenticationFailed(), of_answer=mark)
        return None

    def refusal_of_resume(self, session: Session) -> Mark | None:
        """What marks the answer to a connect that does not resume this session; None: it does."""
        for injection in self.current():
            if (
                injection.fault.name == REFUSE_RESUME
                and injection.can_strike
                and injection.is_for_session(session.name)
                and injection.has_chance()
            ):
                self._struck(injection)
                return Mark(injection.fault.name)
        return None

    def _is_for(self, injection: Injection, frame: Outgoing) -> bool:
        return (
            injection.direction == TO_CLIENT
            and (injection.fault.layer == "frame" or injection.has_frame_filter)
            and injection.is_for_session(frame.session.name)
            and injection.is_for_frame(frame)
            and self._is_for_room(injection, frame.params, frame.channel)
        )

    def _is_for_room(self, injection: Injection, params: Mapping[str, Any], channel: str) -> bool:
        wanted = injection.arguments.get("room")
        if wanted is None:
            return True
        room = self._space.container_of(params, channel)
        return room is not None and wanted in room.names

"""What a space draws: the same seed draws the same, in every installation and release."""

from __future__ import annotations

from mockserver.engine.identity import Identities

PEOPLE = ["Benjamin", "Catherine", "Shannon", "Robert", "Nicholas", "Matthew", "Brianna", "Laura"]
ROOMS = ["former-matter", "mind-later", "watch-law"]


def test_people_and_rooms_are_called_the_same_for_the_same_seed() -> None:
    identities = Identities(0, "a-space")
    assert [identities.person_name() for _ in PEOPLE] == PEOPLE
    assert [identities.room_name() for _ in ROOMS] == ROOMS


def test_another_seed_or_space_draws_others() -> None:
    drawn = [
        tuple(identities.person_name() for _ in range(5))
        for identities in (Identities(0, "a"), Identities(1, "a"), Identities(0, "b"))
    ]
    assert len(set(drawn)) == len(drawn)


def test_names_and_ids_are_drawn_apart() -> None:
    """So a scenario that invents a name more has the same ids."""
    one, other = Identities(0, "a-space"), Identities(0, "a-space")
    one.person_name()
    one.room_name()
    assert one.uuid() == other.uuid()

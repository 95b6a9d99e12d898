"""Each legal trace, changed in one way, breaks the rule that the catalogue names, or none."""

from __future__ import annotations

import pytest

from mockserver.contract import RULES

from .mutations import CATALOGUE, Mutation, Story


@pytest.mark.parametrize("mutation", CATALOGUE, ids=lambda mutation: mutation.about)
def test_each_change_breaks_its_rule(mutation: Mutation) -> None:
    story = Story(mutation.story)
    assert story.broken() == set()
    mutation.change(story)
    if mutation.rule is None:
        assert mutation.reason
        assert story.broken() == set()
    else:
        assert mutation.rule in story.broken()


def test_the_catalogue_names_rules_that_there_are() -> None:
    names = {rule.name for rule in RULES}
    assert {each.rule for each in CATALOGUE if each.rule is not None} <= names

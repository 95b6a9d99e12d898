"""Playing a run, and making one that fails as short as it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mockserver import contract

from .steps import STEPS, Draw, Step, drawn
from .world import Problem, World

MOST_REPLAYS = 600
"""How often a failing run is played again, at most, to make it shorter."""

SHOWN_FRAMES = 12
SHOWN_PROBLEMS = 6


@dataclass(frozen=True)
class Failure:
    """A run after which something did not hold.

    Attributes:
        seed: of the run.
        steps: what was played, up to the step that broke it.
        done: what each step did, a line each.
        problems: what did not hold after the last step.
        at_rest: whether it showed only when everything had come to rest after the last step.
        trace: the last frames, as people read them.
    """

    seed: int
    steps: tuple[Step, ...]
    done: tuple[str, ...]
    problems: tuple[Problem, ...]
    at_rest: bool
    trace: str

    def __str__(self) -> str:
        more = len(self.problems) - SHOWN_PROBLEMS
        rest = ", and everything came to rest" if self.at_rest else ""
        return "\n".join(
            [
                f"seed {self.seed}: after {len(self.steps)} steps{rest}:",
                *(f"  {problem}" for problem in self.problems[:SHOWN_PROBLEMS]),
                *([f"  … and {more} more"] if more > 0 else []),
                "steps:",
                *(f"  {number:4}  {line}" for number, line in enumerate(self.done, 1)),
                "last frames:",
                self.trace,
            ]
        )


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        seed: of the run.
        steps: how many steps were played.
        effective: how many of them had something to do.
        frames: how many frames went over the network.
        digest: of the whole trace: equal runs have equal ones.
        failure: what did not hold; None when all did.
    """

    seed: int
    steps: int
    effective: int
    frames: int
    digest: int
    failure: Failure | None


def run(seed: int, count: int) -> Outcome:
    """Play the run of a seed."""
    return play(seed, drawn(seed, count))


def play(seed: int, steps: Sequence[Step]) -> Outcome:
    """Play steps in a new world until something does not hold, or they are over."""
    world = World(seed)
    done: list[str] = []
    effective = 0

    def outcome(played: int, problems: list[Problem], *, at_rest: bool) -> Outcome:
        failure = None
        if problems:
            trace = contract.timeline(contract.Trace(tuple(world.entries)), SHOWN_FRAMES)
            failure = Failure(
                seed, tuple(steps[:played]), tuple(done), tuple(problems), at_rest, trace
            )
        return Outcome(seed, played, effective, len(world.entries), world.digest, failure)

    for number, step in enumerate(steps, 1):
        did = STEPS[step.name](world, Draw(step.number))
        world.tick()
        effective += did is not None
        done.append(f"{step.name}: {did if did is not None else 'nothing to do'}")
        if problems := world.problems():
            return outcome(number, problems, at_rest=False)
    world.come_to_rest()
    return outcome(len(steps), world.problems(at_rest=True), at_rest=True)


def shrink(failure: Failure, replay: Callable[[Sequence[Step]], Outcome]) -> Failure:
    """A shorter run that fails in the same way: steps are left out while it still does.

    First half of the steps are left out at a time, then a quarter, and at last one by one.

    Args:
        failure: what was found.
        replay: plays steps in the world that failed.
    """
    kinds = {problem.kind for problem in failure.problems}
    left = MOST_REPLAYS
    size = max(1, len(failure.steps) // 2)
    while left > 0:
        shorter = False
        start = 0
        while start < len(failure.steps) and left > 0:
            left -= 1
            steps = failure.steps[:start] + failure.steps[start + size :]
            found = replay(steps).failure
            if found is not None and kinds & {problem.kind for problem in found.problems}:
                failure, shorter = found, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return failure

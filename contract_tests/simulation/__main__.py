"""``python -m contract_tests.simulation``: play seeds; one that fails is made short and shown."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from functools import partial

from .planted import PLANTED
from .simulation import Outcome, play, run, shrink


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.simulation", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds (1)")
    parser.add_argument("--steps", type=int, default=1_000, help="steps of each seed (1000)")
    parser.add_argument("--plant", choices=PLANTED, help="play with this bug in the engine")
    arguments = parser.parse_args()
    with PLANTED[arguments.plant]() if arguments.plant else nullcontext():
        for seed in range(arguments.seed, arguments.seed + arguments.seeds):
            outcome = run(seed, arguments.steps)
            print(told(outcome), flush=True)
            if outcome.failure is not None:
                print(shrink(outcome.failure, partial(play, seed)))
                return 1
    return 0


def told(outcome: Outcome) -> str:
    """One line on a run."""
    verdict = "all holds" if outcome.failure is None else "FAILS"
    return (
        f"seed {outcome.seed}: {outcome.steps} steps, {outcome.effective} of them did something, "
        f"{outcome.frames} frames, digest {outcome.digest:08x}: {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())

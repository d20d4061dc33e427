"""`python tests/simulation/find.py`: the first seed that finds each known bug (bugs.py)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.bugs import KNOWN
from simulation.world import simulate

SEEDS = 250


def finder(bug, seeds):
    """The first of the seeds that finds it, and what that fails with; None: none of them does."""
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        for seed in seeds:
            try:
                simulate(seed)
            except Exception as error:
                return seed, error
    return None


if __name__ == "__main__":
    for bug in KNOWN:
        print(bug.__name__, finder(bug, range(SEEDS)))

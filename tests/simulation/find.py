"""`python tests/simulation/find.py`: the first seed that finds each known bug (bugs.py)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.bugs import KNOWN
from simulation.world import simulate

SEEDS = 100


def first_seed(bug):
    """The seed, and what it finds; None: none of them does."""
    for seed in range(SEEDS):
        with pytest.MonkeyPatch.context() as patch:
            bug(patch)
            try:
                simulate(seed)
            except Exception as error:
                return seed, str(error).partition("\n")[0]
    return None


if __name__ == "__main__":
    for bug in KNOWN:
        print(bug.__name__, first_seed(bug))

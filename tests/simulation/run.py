"""`python tests/simulation/run.py 0 20000`: tell many seeds, and name those that fail.

Unlike the night test it goes on after a failure: what fails is repeated with `pytest --seed`.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.world import simulate

PROGRESS = 100
"""Seeds between two lines."""


def run(first, last):
    """How many seeds from `first` to before `last` failed."""
    failed = 0
    for seed in range(first, last):
        try:
            simulate(seed)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failed += 1
            print(f"seed {seed} failed: {type(error).__name__}: {error}", flush=True)
        if (seed + 1 - first) % PROGRESS == 0 or seed + 1 == last:
            told, spent_s = seed + 1 - first, time.process_time()
            print(f"{told} seeds, {failed} failed, {spent_s:.0f} s of processor", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), int(sys.argv[2])) > 0)

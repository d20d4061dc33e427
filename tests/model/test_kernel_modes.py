"""The kernel means the same with bounds checks, and as plain Python.

Both are chosen before Numba is loaded, so each comparison runs in a process of its own. Compiling
with bounds checks takes a minute, so that is done at night; plain Python checks every index, too.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def compare_in_mode(commands, seed, **environment):
    program = (
        "from model.campaign import jobs, run\n"
        f"todo = jobs(range({seed}, {seed + 2}), {commands // 2}, False, 'fast')\n"
        "print(sum(map(run, todo)))"
    )
    finished = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", program],
        env={**os.environ, "PYTHONPATH": str(TESTS), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"seed {seed}: {finished.stderr[-4000:]}"
    assert int(finished.stdout) == commands


@pytest.mark.night
@pytest.mark.timeout(0)
def test_no_index_of_the_kernel_ever_leaves_its_pool():
    compare_in_mode(100_000, seed=301, NUMBA_BOUNDSCHECK="1")


def test_the_uncompiled_kernel_is_the_naive_twin_too():
    compare_in_mode(3_000, seed=302, NUMBA_DISABLE_JIT="1")

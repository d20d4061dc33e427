"""The proof of the proof: a known bug that is put back is caught."""

import pytest
from simulation.bugs import KNOWN
from simulation.find import SEEDS, finder


@pytest.mark.parametrize("bug", KNOWN, ids=lambda bug: bug.__name__)
def test_a_bug_that_is_put_back_is_caught(bug):
    # Whatever changes the stories may move it to another seed.
    found = finder(bug, [KNOWN[bug], *range(SEEDS)])
    assert found is not None, f"none of {SEEDS} seeds finds it"
    seed, error = found
    assert f"--seed {seed}" in error.__notes__[-1]

"""The proof of the proof: a known bug that is put back is caught."""

import pytest
from simulation.bugs import KNOWN
from simulation.world import simulate


@pytest.mark.parametrize("bug", KNOWN, ids=lambda bug: bug.__name__)
def test_a_bug_that_is_put_back_is_caught(bug, monkeypatch):
    bug(monkeypatch)
    with pytest.raises(Exception) as caught:  # noqa: PT011 (what it breaks is its own affair)
        simulate(KNOWN[bug])
    assert f"--seed {KNOWN[bug]}" in caught.value.__notes__[-1]

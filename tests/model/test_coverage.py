"""The random commands reach everything: no comparison is worth more than what it came across."""

from collections import Counter

import pytest
from model.campaign import fresh_seed
from model.commands import Commands
from model.coverage import Mark, expected, marks
from model.engines import naive
from model.fold import Fold


def reached(seed: int, commands: int, rules: int = 2) -> Counter[Mark]:
    """Run commands one by one and count the marks."""
    engine, fold = naive(), Fold()
    found: Counter[Mark] = Counter()
    for entries in Commands(seed, rules).inputs(commands, 1):
        applied = engine.apply(entries)
        found += marks(fold, entries, applied)
        fold.read(*applied)
    return found


def lacking(found: Counter[Mark], least: int) -> list[str]:
    """List the marks that were reached less often than that."""
    return sorted(f"{mark}: {found[mark]}" for mark in expected() if found[mark] < least)


def test_every_reject_code_order_kind_and_outcome_is_reached():
    found = reached(seed=1, commands=120_000) + reached(seed=2, commands=30_000, rules=1)
    assert lacking(found, least=1) == []


@pytest.mark.night
@pytest.mark.timeout(0)
def test_every_reject_code_order_kind_and_outcome_is_reached_a_thousand_times():
    found: Counter[Mark] = Counter()
    seed = fresh_seed()
    for part in range(1_000):
        found += reached(seed + part, 100_000, rules=1 + (part % 4 > 0))
        if not lacking(found, least=1_000):
            return
    assert lacking(found, least=1_000) == [], f"from seed {seed}"

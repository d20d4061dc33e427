"""An engine taken to pieces and put together again goes on as if nothing had happened."""

from itertools import permutations

import numpy as np
import pytest
from model.commands import Commands
from model.engines import fast, naive

from truebook.engine.canonical.checking import TablesInvalid, check_tables
from truebook.engine.canonical.sums import state_hash
from truebook.engine.canonical.tables import digest

MAKERS = {"fast": fast, "naive": naive}


def loaded(make, tables):
    engine = make()
    engine.load(tables)
    return engine


def assert_same(tables, others):
    for name, ours, theirs in zip(tables._fields, tables, others, strict=True):
        assert ours.tolist() == theirs.tolist(), name
    assert digest(tables) == digest(others)


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_made_from_tables_has_the_same_state_and_the_same_future(seed):
    inputs = list(Commands(700 + seed).inputs(6_000, 64))
    engines = {name: make() for name, make in MAKERS.items()}
    never_stopped = naive()
    for number, entries in enumerate(inputs):
        expected = never_stopped.apply(entries)
        for name, engine in engines.items():
            assert engine.apply(entries) == expected, name
        if number % 40 != 20:
            continue
        hashes, tables = engines["fast"].state_hash(), engines["fast"].export()
        assert_same(engines["naive"].export(), tables)
        assert state_hash(tables) == hashes == never_stopped.state_hash()
        # What was exported from the one goes on in the other, and back.
        for come_from, goes_to in permutations(MAKERS):
            engines[goes_to] = loaded(MAKERS[goes_to], engines[come_from].export())
            assert engines[goes_to].state_hash() == hashes
            assert_same(engines[goes_to].export(), tables)
        check_tables(tables)
    assert len(tables.orders) > 20
    assert max(np.bincount(tables.orders["account"])) > 2


def test_exporting_changes_nothing():
    engine = fast()
    for entries in Commands(77).inputs(1_000, 64):
        engine.apply(entries)
    before = engine.state_hash()
    first, second = engine.export(), engine.export()
    assert_same(first, second)
    assert engine.state_hash() == before


def test_any_value_of_the_tables_that_is_changed_changes_their_digest():
    engine = naive()
    for entries in Commands(78).inputs(2_000, 64):
        engine.apply(entries)
    tables = engine.export()
    whole = digest(tables)
    for table in tables:
        for field in table.dtype.names:
            for row in range(min(3, len(table))):
                bytes_of = table.view(np.uint8).reshape(len(table), -1)
                at = table.dtype.fields[field][1]
                bytes_of[row, at] ^= 1
                assert digest(tables) != whole, field
                bytes_of[row, at] ^= 1
    assert digest(tables) == whole


@pytest.mark.parametrize(
    ("table", "field", "value", "told"),
    [
        ("orders", "market", 1000, "orders: row 0: market 1000"),
        ("orders", "account", 1 << 31, "orders: row 0: account"),
        ("orders", "price", 0, "orders: row 0: price 0"),
        ("orders", "price", 1, "orders: not sorted"),
        ("balances", "account", -1, "balances: row 0: account -1"),
        ("balances", "available", 1 << 62, "balances: of asset 0 there is more than may be"),
        ("accounts", "account", 7, "accounts: account isn't 0, 1, 2"),
        ("gateways", "gateway", 1 << 20, "gateways: row 0"),
        ("markets", "base", 255, "markets: row 0: base 255"),
        ("tiers", "tier", 64, "tiers: row 0: tier 64"),
    ],
)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_tables_that_no_engine_can_have_are_refused_by_name(make, table, field, value, told):
    engine = naive()
    for entries in Commands(79).inputs(2_000, 64):
        engine.apply(entries)
    tables = engine.export()
    getattr(tables, table)[field][0] = value
    with pytest.raises(TablesInvalid, match=told):
        make().load(tables)

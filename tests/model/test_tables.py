"""An engine taken to pieces and put together again goes on as if nothing had happened."""

from itertools import permutations

import numpy as np
import pytest
from model.commands import Commands
from model.engines import fast, naive
from model.world import founding

from truebook import commands
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import LogEntry, Position
from truebook.engine.canonical.checking import TablesInvalid, check_tables
from truebook.engine.canonical.sums import state_hash
from truebook.engine.canonical.tables import digest
from truebook.messages import OrderType, Side, WithdrawalState

MAKERS = {"fast": fast, "naive": naive}


def loaded(make, tables):
    engine = make()
    engine.load(tables)
    return engine


def assert_same(tables, others):
    for name, ours, theirs in zip(tables._fields, tables, others, strict=True):
        assert ours.tolist() == theirs.tolist(), name
    assert digest(tables) == digest(others)


@pytest.mark.parametrize(("seed", "rules"), [(700, 1), (701, 2), (702, 2)])
def test_an_engine_made_from_tables_has_the_same_state_and_the_same_future(seed, rules):
    inputs = list(Commands(seed, rules).inputs(6_000, 64))
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


class Busy:
    """Entries that leave one of everything that version 2 has added, and then go on."""

    def __init__(self):
        self.sequence = 0
        self.time_ms = 1_000

    def entry(self, *made, later_ms=1):
        self.sequence += 1
        self.time_ms += later_ms
        data = pack_entry(1, self.sequence, b"".join(made))
        return for_engine(LogEntry(Position(self.time_ms, 0), self.time_ms, data))

    def place(self, number, side, price, **more):
        order = {"account": 1, "market": 0, "side": side, "order_id": number, "quantity": 5}
        return {**order, "order_type": OrderType.LIMIT, "price": price, **more}

    def founding(self):
        yield self.entry(commands.set_rules(2), *[c.tobytes() for c in founding()])
        yield self.entry(
            commands.place(**self.place(1, Side.BID, 90, client_id=7)),
            commands.place_trigger(**self.place(2, Side.BID, 95), trigger_price=120),
            commands.place_trigger(**self.place(3, Side.ASK, 70, client_id=8), trigger_price=80),
            commands.place(**self.place(4, Side.ASK, 110)),
            commands.place(**self.place(5, Side.BID, 90, account=2)),
            commands.cancel_after(account=2, timeout_ms=5_000),
            commands.deposit(account=1, asset=0, amount=10, reference=bytes(range(16))),
            commands.request_withdrawal(account=1, asset=0, amount=1_000, withdrawal_id=77),
            commands.set_attester(slot=3, public_key=bytes(range(1, 33)), name="x", trusted=True),
        )

    def future(self):
        yield self.entry(
            commands.deposit(account=1, asset=0, amount=10, reference=bytes(range(16))),
            commands.request_withdrawal(account=1, asset=0, amount=1_000, withdrawal_id=77),
            commands.place(**self.place(6, Side.ASK, 100, client_id=8)),
            commands.place(**self.place(7, Side.BID, 110, account=3, quantity=2)),
        )
        yield self.entry(commands.place(**self.place(8, Side.ASK, 90, account=4, quantity=1)))
        yield self.entry(commands.tick(0), later_ms=6_000)
        yield self.entry(
            commands.settle_withdrawal(withdrawal_id=77, state=WithdrawalState.REFUSED)
        )
        yield self.entry(commands.cancel_all(account=1))


@pytest.mark.parametrize("goes_to", MAKERS)
@pytest.mark.parametrize("come_from", MAKERS)
def test_what_version_2_has_added_goes_on_as_well(come_from, goes_to):
    busy = Busy()
    engine = MAKERS[come_from]()
    for entry in busy.founding():
        engine.apply(entry)
    tables = engine.export()
    assert {name: len(table) for name, table in tables._asdict().items()} == {
        **{"clock": 1, "gateways": 1, "assets": 5, "markets": 6, "tiers": 64, "accounts": 9},
        **{"keys": 0, "balances": 40, "orders": 3, "triggers": 2, "timers": 1},
        **{"withdrawals": 1, "references": 1, "attesters": 1},
    }
    assert tables.clock["rules_version"] == 2
    assert state_hash(tables) == engine.state_hash()
    other = loaded(MAKERS[goes_to], tables)
    assert_same(other.export(), tables)
    for entry in busy.future():
        assert other.apply(entry) == engine.apply(entry)
        assert other.state_hash() == engine.state_hash()
    assert other.counts()["orders"] == other.counts()["triggers"] == 0

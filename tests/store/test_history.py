"""What people ask of the past: orders with triggers, deposits, withdrawals, and why they were."""

import asyncio

import pytest
from store.database import opened, store
from store.naive import NaiveTables
from store.stream import trading
from store.trading import Trading, noted

from truebook import commands
from truebook.commandlog.interface import GENESIS
from truebook.history import Page, PastTrigger
from truebook.messages import (
    NOTE_TEXT_BYTES,
    ORDER_PERCENT,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    ORDER_TIME_SHIFT,
    EventKind,
    OrderStatus,
    OrderType,
    Side,
    WithdrawalState,
    note_parts,
)
from truebook.store.reading import history_of

ALICE, BOB = 2, 3
SLIPPAGE = ORDER_SLIPPAGE_TICKS | ORDER_SLIPPAGE_BASIS_POINTS
STATUSES = {
    "OPEN": OrderStatus.NEW,
    "PARTIAL": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "TRIGGER_PENDING": OrderStatus.TRIGGER_PENDING,
    "TRIGGER_FAILED": OrderStatus.TRIGGER_FAILED,
}


class Asked:
    """A database of a venue, and its history."""

    def __init__(self, database, entries):
        self.database = database
        store(database, entries)
        self.history = history_of(database)

    def ask(self, name, *arguments, **filters):
        method = getattr(self.history, name)
        return asyncio.run(method(*arguments, after=GENESIS, **filters))


@pytest.fixture
def asked(database):
    made = []

    def ask(entries):
        made.append(Asked(database, entries))
        return made[-1]

    yield ask
    for one in made:
        one.history.close()


def test_every_order_has_its_status_its_trigger_and_what_it_allowed(asked):
    entries, _ = trading(5, 1500)
    found = asked(entries)
    naive = NaiveTables()
    for entry in entries:
        naive.read(entry.events)
    with opened(found.database) as connection:
        rows = connection.execute("SELECT id, status FROM orders").fetchall()
    statuses = {order_id: STATUSES[status] for order_id, status in rows}
    assert set(statuses.values()) == set(STATUSES.values())
    for account in {row["user_id"] for row in naive.orders}:
        rows = [row for row in naive.orders if row["user_id"] == account]
        orders, total = found.ask("orders", account, Page(1000, oldest_first=True))
        assert total == len(rows) < 1000
        for order, row in zip(orders, rows, strict=True):
            assert order.status == statuses[row["id"]]
            assert (order.price, order.quantity) == (row["price"], row["original_qty"])
            assert (order.trigger, order.slippage) == expected_trigger(row)
    one = found.ask("orders", account, Page(2), order_id=rows[0]["id"])
    assert one == (orders[:1], 1)


def expected_trigger(row):
    """What an order is told to have waited for, and to have allowed."""
    if row["trigger_price"] is None:
        return None, None
    flags = row["trigger_flags"]
    terms = row["trigger_price"], row["trigger_qty"], flags & ORDER_PERCENT != 0
    slippage = row["trigger_limit"] if flags & SLIPPAGE else None
    return PastTrigger(*terms, row["fired_at"], row["fail_code"]), slippage


def test_orders_are_asked_for_by_the_time_of_their_placement(asked):
    entries, _ = trading(5, 1500)
    found = asked(entries)
    everything, total = found.ask("orders", ALICE, Page(1000, oldest_first=True))
    assert len(everything) == total > 100
    times = [order.time_flags >> ORDER_TIME_SHIFT for order in everything]
    first, last = times[20], times[60]
    wanted = [o for o, time in zip(everything, times, strict=True) if first <= time <= last]
    page = Page(10, 5, oldest_first=True)
    some, count = found.ask("orders", ALICE, page, from_ms=first, to_ms=last)
    assert count == len(wanted)
    assert some == wanted[5:15]
    assert found.ask("orders", ALICE, page, from_ms=times[-1] + 1) == ([], 0)


@pytest.fixture
def venue():
    return Trading(1)


def test_deposits_are_told_with_their_notes_and_nothing_else_is_one(venue, asked):
    venue.time_ms += 1000
    deposit = commands.deposit(account=ALICE, asset=0, amount=500, reference=b"r" * 16)
    text = '{"who": "root", "externalReference": "wire 17", "why": "' + "x" * 100 + '"}'
    venue.apply(noted(text, deposit + commands.deposit(account=BOB, asset=1, amount=7)))
    venue.apply(commands.withdraw(account=ALICE, asset=0, amount=5))
    venue.time_ms += 1000
    venue.apply(commands.deposit(account=ALICE, asset=0, amount=6))
    found = asked(venue.entries)
    newest, total = found.ask("deposits", ALICE, Page(2))
    assert [(d.amount, d.note) for d in newest] == [(6, ""), (500, text)]
    assert total == 5
    assert newest[1].time_ms == venue.time_ms - 1000
    ((bobs,), _) = found.ask("deposits", BOB, Page(1))
    assert (bobs.asset, bobs.amount, bobs.note) == (1, 7, text)
    oldest, _ = found.ask("deposits", ALICE, Page(1, 1, oldest_first=True))
    assert oldest[0].asset == 1
    times = {"from_ms": venue.time_ms - 1000, "to_ms": venue.time_ms - 1}
    within, count = found.ask("deposits", ALICE, Page(9), **times)
    assert ([d.amount for d in within], count) == ([500], 1)


def request(number, amount=10, account=ALICE):
    return commands.request_withdrawal(
        account=account, asset=0, amount=amount, withdrawal_id=number
    )


def settle(number, state):
    return commands.settle_withdrawal(withdrawal_id=number, state=state)


def test_withdrawals_wait_until_somebody_settles_them_and_say_who_and_why(venue, asked):
    venue.apply(noted('{"clientId": 7, "address": "a"}', request(51)))
    venue.apply(noted('{"clientId": "7b"}', request(52, 20)) + request(53, 30, BOB))
    venue.time_ms += 500
    venue.apply(noted("no JSON at all", request(54, 40)))
    venue.apply(noted("checked", settle(51, WithdrawalState.CONFIRMED)))
    venue.apply(settle(54, WithdrawalState.REFUSED))
    # A number may come again once it is settled.
    venue.apply(request(51, 60))
    found = asked(venue.entries)
    rows, total = found.ask("withdrawals", ALICE, Page(9, oldest_first=True))
    pending, confirmed, refused = WithdrawalState
    states = [(51, confirmed), (52, pending), (54, refused), (51, pending)]
    assert ([(w.withdrawal_id, w.state) for w in rows], total) == (states, 4)
    assert (rows[0].note, rows[0].settled_note) == ('{"clientId": 7, "address": "a"}', "checked")
    assert (rows[0].requested_ms, rows[0].settled_ms) == (venue.time_ms - 500, venue.time_ms)
    assert (rows[1].settled_ms, rows[1].settled_note) == (None, "")
    assert rows[2].settled_note == ""
    waiting, count = found.ask("withdrawals_pending", Page(2, oldest_first=True))
    assert ([w.withdrawal_id for w in waiting], count) == ([52, 53], 3)


def test_withdrawals_are_asked_for_by_number_client_id_and_time(venue, asked):
    venue.apply(noted('{"clientId": 7}', request(51)) + noted('{"clientId": "7b"}', request(52)))
    venue.time_ms += 500
    venue.apply(noted("[]", request(53)) + noted("}{", request(54)) + noted("7", request(55)))
    found = asked(venue.entries)

    def numbers(**filters):
        rows, total = found.ask("withdrawals", ALICE, Page(9), **filters)
        assert total == len(rows)
        return [w.withdrawal_id for w in rows]

    assert numbers() == [55, 54, 53, 52, 51]
    assert numbers(withdrawal_id=53) == [53]
    assert numbers(client_id="7") == [51]
    assert numbers(client_id="7b") == [52]
    assert numbers(client_id="") == []
    assert numbers(to_ms=venue.time_ms - 1) == [52, 51]
    assert numbers(from_ms=venue.time_ms, withdrawal_id=51) == []
    assert found.ask("withdrawals", BOB, Page(9)) == ([], 0)


def test_a_settings_note_is_joined_to_what_it_explains(venue, asked):
    tier = commands.set_tier(tier=2, maker_bp=1, taker_bp=1)
    venue.apply(commands.tick(0) + noted("lower fees", tier) + tier)
    found = asked(venue.entries)
    query = "SELECT text FROM noted JOIN notes ON id = note WHERE kind = ? AND subject = ?"
    with opened(found.database) as connection:
        ask = connection.execute
        assert ask(query, (EventKind.TIER_SET, 2)).fetchall() == [("lower fees",)]
        assert ask(query, (EventKind.ACCOUNT_SET, ALICE)).fetchall() == [("account 1",)]


def test_half_a_note_and_one_that_covers_nothing_explain_nothing(venue, asked):
    text = "a" * (2 * NOTE_TEXT_BYTES + 1)
    one, two, three = note_parts(text, 1)
    deposit = commands.deposit(account=ALICE, asset=0, amount=1)
    other, *_ = note_parts("b" * len(text), 1)
    for parts in (one + three, two + three, one + one + three, one + two, other + two):
        venue.apply(parts + deposit)
    venue.apply(one + two + three + commands.tick(0) + deposit)
    venue.apply(one + two)
    venue.apply(three + deposit)
    venue.apply(one + one + two + three + deposit)
    found = asked(venue.entries)
    rows, _ = found.ask("deposits", ALICE, Page(9))
    assert [d.note for d in rows if d.amount == 1] == [text] + [""] * 7


def test_an_order_by_amount_that_waits_is_readable(venue, asked):
    place = {"account": ALICE, "market": 0, "side": Side.BID, "trigger_price": 10_500}
    venue.apply(
        commands.place_trigger(
            **place, order_id=90, order_type=OrderType.MARKET_BY_QUOTE, quantity=10**7
        )
        + commands.place_trigger(
            **place, order_id=91, order_type=OrderType.MARKET, percent_bp=2500, slippage_bp=10
        )
    )
    with opened(asked(venue.entries).database) as connection:
        columns = "price, original_qty, quote_qty, trigger_price, status"
        rows = connection.execute(f"SELECT {columns} FROM readable_orders ORDER BY id").fetchall()
    assert rows == [
        (None, None, "10.000000", "105.00", "TRIGGER_PENDING"),
        (None, None, None, "105.00", "TRIGGER_PENDING"),
    ]

"""kill -9 of ws, feed, bus, log, store and bots under load: readers heal by their own rules, and
nothing is missing afterwards.

What the keepers (watchers.py) hold in the end is compared with the log, computed anew.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from crash.test_kills import BACK_S_MAX, CREDIT, kill_one, serving
from crash.traders import MARKET, trading
from crash.watchers import BookKeeper, Streams, UpdateKeeper, watching
from store.database import compare, opened, state_hash
from store.naive import NaiveTables
from venue.installed import Installed, installed, wait_until

from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import GENESIS, Position
from truebook.feed.events import Accepted, Amended, Closed, Fill, read_events
from truebook.units import Grid, show

ROLES = ("ws", "feed", "bus", "log", "store", "maker", "taker")
MARKET_NUMBER = 0
CENTS = Grid(1, 2)
"""Tick and lot of the market."""
PROGRESS = 40


@dataclass
class Told:
    """What readers must have been told, by the log alone."""

    update_id: int
    depth: tuple[dict[str, str], dict[str, str]] | None = None
    updates: dict[int, dict[int, tuple[str, int]]] = field(default_factory=dict)
    """Kind and order of each account's updates by number."""
    tables: NaiveTables = field(default_factory=NaiveTables)
    """What the database must hold."""
    state_hash: bytes = b""
    position: Position = GENESIS


def told_by_the_log(exchange: Installed, update_id: int) -> Told:
    """Read the whole log; the depth as of an update id."""
    from truebook.engine.fast import FastEngine

    engine, told, position = FastEngine(), Told(update_id), GENESIS
    reader = exchange.open_log()
    try:
        while entries := reader.read(position, 1, 0):
            events = engine.apply(for_engine(entries[0])).events
            for event in read_events(events):
                note_updates(told, event)
            told.tables.read(events)
            if told.depth is None and engine.market_figures(MARKET_NUMBER)[0] == update_id:
                bids, asks = engine.depth(MARKET_NUMBER)
                told.depth = (as_text(bids.tolist()), as_text(asks.tolist()))
            position = entries[0].position
    finally:
        reader.close()
    told.position, told.state_hash = position, engine.state_hash()
    return told


def as_text(levels: list[list[int]]) -> dict[str, str]:
    return {show(price, CENTS): show(quantity, CENTS) for price, quantity in levels}


def note_updates(told: Told, event: Any) -> None:
    def note(account: int, sequence: int, kind: str, order_id: int) -> None:
        told.updates.setdefault(account, {})[sequence] = (kind, order_id)

    match event:
        case Accepted():
            note(event.account, event.account_sequence, "orderAccepted", event.order_id)
        case Fill():
            note(event.maker_account, event.maker_sequence, "orderFill", event.maker_order_id)
            note(event.taker_account, event.taker_sequence, "orderFill", event.taker_order_id)
        case Closed():
            kind = {0: "orderModified", 1: "orderCancelled"}.get(event.reason, "orderExpired")
            note(event.account, event.account_sequence, kind, event.order_id)
        case Amended():
            note(event.account, event.account_sequence, "orderModified", event.order_id)


def kill_in_turn(exchange: Any, diary: Any, book: BookKeeper, kills: int, seed: int) -> list[str]:
    """Kill the roles in turn, with orders and depth going on in between."""
    rng, killed = random.Random(seed), []
    # The bots begin after the exchange is ready.
    wait_until(lambda: set(ROLES) <= set(serving(exchange).values()), BACK_S_MAX, "all serve")
    roles = sorted(serving(exchange).values())
    for number in range(kills):
        acknowledged, updates = diary.acknowledged() + PROGRESS, book.updates + PROGRESS
        wait_until(lambda n=acknowledged: diary.acknowledged() >= n, BACK_S_MAX, "orders go on")
        wait_until(lambda n=updates: book.updates >= n, BACK_S_MAX, "depth goes on")
        role = ROLES[number % len(ROLES)] if number < len(ROLES) else rng.choice(ROLES)
        kill_one(exchange, role, rng, roles)
        killed.append(role)
    updates = book.updates + PROGRESS
    wait_until(lambda: book.updates >= updates, BACK_S_MAX, "depth goes on")
    return killed


def run_live_kills(folder: Path, kills: int, seed: int) -> None:
    with installed(folder) as exchange:
        streams = Streams(exchange.url, exchange.ws_url)
        accounts = [exchange.open_account(f"trader-{n}", CREDIT) for n in range(2)]
        book = BookKeeper(MARKET)
        updates = [UpdateKeeper(account) for account in accounts]
        with watching(streams, [book, *updates]):
            with trading(exchange.url, accounts, 4, seed) as diary:
                killed = kill_in_turn(exchange, diary, book, kills, seed)
            expected = {a.account: last_sequence(exchange, a.account) for a in accounts}
            for keeper in updates:
                wanted = expected[keeper.credentials.account]
                wait_until(
                    lambda k=keeper, w=wanted: k.last >= w, BACK_S_MAX, "all updates are here"
                )
        told = told_by_the_log(exchange, book.update_id)
        print(killed, book.updates, book.snapshots, book.connections, exchange.said())
        assert told.depth == (book.bids, book.asks)
        for keeper in updates:
            seen = {n: (u["e"], int(u["i"])) for n, u in keeper.seen.items()}
            # The bots go on trading with what the traders left.
            made = told.updates[keeper.credentials.account]
            assert seen == {n: update for n, update in made.items() if n <= keeper.last}
        assert "Traceback" not in exchange.said()
    check_database(folder)


def check_database(folder: Path) -> None:
    """With the bots gone, the database comes to hold exactly what the log made."""
    with installed(folder, "--no-bots") as exchange:
        told = told_by_the_log(exchange, 0)
        path = folder / "database.sqlite"
        wait_until(lambda: position_of(path) >= told.position, BACK_S_MAX, "the store is there")
        compare(path, told.tables)
        assert state_hash(path) == told.state_hash


def position_of(path: Path) -> Position:
    with opened(path) as connection:
        row = connection.execute("SELECT position FROM progress").fetchone()
    return Position.parse(row[0])


def last_sequence(exchange: Installed, account: int) -> int:
    return max(told_by_the_log(exchange, 0).updates[account])


def test_readers_miss_nothing_when_ws_feed_bus_log_store_and_bots_are_killed(tmp_path):
    run_live_kills(tmp_path / "data", kills=len(ROLES), seed=1)


@pytest.mark.night
@pytest.mark.timeout(4 * 3600)
def test_hundreds_of_kills_of_whatever_readers_depend_on(tmp_path):
    run_live_kills(tmp_path / "data", kills=300, seed=random.SystemRandom().randrange(1 << 32))

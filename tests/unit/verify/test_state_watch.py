"""A balance or an open order that somebody edits in the database is named with both values."""

import sqlite3
from contextlib import closing

import pytest
from store.database import store
from venue.reached import reached
from venue.snapshotted import Exchange, work

from truebook.clock import ManualClock
from truebook.engine.naive.engine import NaiveEngine
from truebook.store.reading import state_of
from truebook.store.sqlite.place import url_of
from truebook.verify.state_watch import EVERY_S, StateWatch
from truebook.verify.truth import Truth


@pytest.fixture
def watch(tmp_path):
    """Of a database with ten orders; its clock; how to edit it."""
    exchange, clock = Exchange(tmp_path), ManualClock()
    node = exchange.node()
    exchange.found()
    for number in range(2, 11):
        exchange.trade(number)
    work(node)
    path = tmp_path / "database"
    store(path, exchange.bus.entries)
    truth = Truth(reached(exchange.log), NaiveEngine)

    def edit(statement):
        with closing(sqlite3.connect(path)) as database, database:
            assert database.execute(statement).rowcount == 1

    yield StateWatch(truth, lambda: state_of(url_of(path)), clock), clock, edit
    node.close()


def test_a_right_database_raises_no_alarm(watch):
    watch, clock, _ = watch
    assert watch.check_now() is None
    clock.advance(2 * EVERY_S)
    assert watch.step() is None


def test_an_edited_balance_is_named_once_until_it_is_right_again(watch):
    watch, clock, edit = watch
    change = "UPDATE balances SET available = available {} 7 WHERE user_id = 1 AND asset = 0"
    told = []
    for sign in ("+", None, "-", "+"):
        if sign:
            edit(change.format(sign))
        clock.advance(2 * EVERY_S)
        told.append(watch.step())
    assert [wrong is not None for wrong in told] == [True, False, False, True]
    assert "balance of account 1 in asset 0: available " in told[0].what
    assert told[3].after == told[3].until, "it was right there a moment ago"


def test_it_rests_in_between(watch):
    watch, clock, edit = watch
    edit("UPDATE balances SET available = available + 7 WHERE user_id = 1 AND asset = 0")
    clock.advance(EVERY_S / 2)
    assert watch.step() is None
    clock.advance(EVERY_S)
    assert watch.step() is not None

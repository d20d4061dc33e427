"""A trade or fill that somebody edits in the database, takes out or puts in is named with both
values, once; and nothing else is."""

import re
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from store.database import store
from venue.reached import reached
from venue.snapshotted import Exchange, work

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import OrderType, Side
from truebook.store.reading import state_of, told_rows_of
from truebook.store.sqlite.place import url_of
from truebook.verify import row_watch
from truebook.verify.row_tables import FILLS, Database
from truebook.verify.row_watch import EVERY_S, RowWatch
from truebook.verify.truth import Truth

INTERVAL = 10
TRADES = 25


def order(number, account, side):
    return commands.place(
        account=account,
        market=0,
        order_id=number,
        side=side,
        order_type=OrderType.LIMIT,
        price=10_000,
        quantity=1,
    )


class Watched:
    """A log of TRADES trades, an entry each, the database of it, and a watch over that."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock()
        self.exchange = Exchange(folder)
        self.node = self.exchange.node()
        self.exchange.found()
        deposit = commands.deposit(account=2, asset=1, amount=10**12)
        self.exchange.write(commands.set_account(name="b"), deposit)
        for number in range(100, 100 + TRADES):
            ask, bid = order(2 * number, 2, Side.ASK), order(2 * number + 1, 1, Side.BID)
            self.exchange.write(ask, bid)
        work(self.node)
        self.path = folder / "database"
        store(self.path, self.exchange.bus.entries)
        self.watch = self.new_watch()

    def new_watch(self):
        told = told_rows_of(url_of(self.path))

        def rows(table, spans):
            asked = [(span.owner, span.first, span.last) for span in spans]
            return (np.array(found, table.dtype) for found in told.rows(table.name, asked))

        def make_truth():
            return Truth(reached(self.exchange.log), NaiveEngine)

        database = Database(told.position, rows, lambda: state_of(url_of(self.path)))
        return RowWatch(make_truth, database, self.folder / "witness", self.clock)

    def edit(self, statement):
        with closing(sqlite3.connect(self.path)) as database, database:
            assert database.execute(statement).rowcount == 1

    def look(self):
        """At everything that is known, once more."""
        for _ in range(TRADES):
            while self.watch.step():
                pass
            self.clock.advance(2 * EVERY_S)
        return [str(wrong) for wrong in self.watch.found]


@pytest.fixture(params=[row_watch.EVENTS_BYTES_MAX, 0])
def watched(request, tmp_path, monkeypatch):
    """0: what an interval's trades were is kept entry by entry."""
    monkeypatch.setattr(row_watch, "INTERVAL", INTERVAL)
    monkeypatch.setattr(row_watch, "EVENTS_BYTES_MAX", request.param)
    made = Watched(tmp_path)
    yield made
    made.watch.close()
    made.node.close()


def test_right_trades_raise_no_alarm(watched):
    assert watched.look() == []
    assert watched.watch.check_now() == []


def test_an_edited_trade_is_named_with_both_values_and_once(watched):
    watched.look()
    watched.edit("UPDATE trades SET qty = 5 WHERE market = 0 AND id = 3")
    (found,) = watched.look()
    assert "row of table trades, market 0, id 3: qty 5, not qty 1" in found
    assert watched.look() == [found]


def test_a_trade_that_was_taken_out_is_named(watched):
    watched.edit("DELETE FROM trades WHERE market = 0 AND id = 7")
    (found,) = watched.look()
    assert "market 0, id 7: not there, not " in found


def test_an_edited_fill_is_named_with_both_values(watched):
    watched.look()
    watched.edit("UPDATE fills SET fee = fee + 7 WHERE user_id = 2 AND trade_id = 4")
    (found,) = watched.look()
    assert re.search(
        r"row of table fills, user_id 2, account_sequence \d+: fee \d+, not fee", found
    )


@pytest.mark.parametrize("column", FILLS.values)
def test_each_column_of_a_fill_is_compared(watched, column):
    watched.edit(f"UPDATE fills SET {column} = {column} + 1 WHERE user_id = 1 AND trade_id = 4")
    (found,) = watched.look()
    assert f": {column} " in found


def test_a_fill_that_was_put_in_is_named(watched):
    copied = ", ".join(FILLS.values)
    for trade, until in ((4, "account_sequence + 1"), (1, "1")):
        watched.edit(
            f"INSERT INTO fills (user_id, account_sequence, {copied})"
            f" SELECT user_id, {until}, {copied} FROM fills"
            f" WHERE user_id = 1 AND trade_id = {trade}"
        )
    (found,) = watched.look()
    assert found.count("row of table fills, user_id 1, account_sequence ") == 2
    assert found.count("not not there") == 2


def test_a_watch_that_starts_again_knows_what_the_log_said(watched):
    watched.look()
    watched.watch.close()
    watched.watch = watched.new_watch()
    watched.edit("UPDATE trades SET price = 1 WHERE market = 0 AND id = 2")
    watched.watch._truth.forward = list
    assert "id 2: price 1, not price " in watched.look()[0]


def test_everything_that_there_is_can_be_compared_at_once(watched):
    watched.edit(f"UPDATE trades SET price = 1 WHERE market = 0 AND id = {TRADES}")
    (found,) = watched.watch.check_now()
    assert f"id {TRADES}: price 1, not price " in found.what


def test_it_rests_in_between(watched):
    watched.look()
    watched.edit("UPDATE trades SET qty = 5 WHERE market = 0 AND id = 3")
    watched.watch.step()
    reads = []
    watched.watch._database = watched.watch._database._replace(rows=lambda *_: reads.append(1))
    for _ in range(10):
        watched.watch.step()
    assert reads == []


def test_a_row_that_stands_there_twice_is_named(watched):
    """As it can where rows are kept apart by the day."""
    watched.look()
    database = watched.watch._database

    def rows(table, spans):
        for found in database.rows(table, spans):
            other = found[:1].copy()
            other["price"] += 1
            yield np.concatenate([other, found])

    watched.watch._database = database._replace(rows=rows)
    (found,) = watched.look()
    assert "row of table trades, market 0, id 1: price 10001, not price 10000" in found
    assert "not not there" in found


def test_what_could_not_be_compared_is_compared_later(watched):
    database = watched.watch._database

    def away(table, spans):
        raise OSError("away")

    watched.watch._database = database._replace(rows=away)
    with pytest.raises(OSError, match="away"):
        watched.look()
    watched.edit("DELETE FROM trades WHERE market = 0 AND id = 1")
    watched.watch._database = database
    (found,) = watched.look()
    assert "market 0, id 1: not there, not " in found


def test_a_database_that_is_made_anew_is_not_called_wrong(watched):
    watched.look()
    entries = watched.exchange.bus.entries
    for until in (3, 10, len(entries)):
        watched.path.unlink()
        store(watched.path, entries[:until])
        assert watched.look() == []


def test_what_was_remembered_in_part_is_made_again_from_the_log(watched):
    watched.look()
    watched.watch.close()
    file = watched.folder / "witness" / "rows.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    for _ in range(2):
        watched.watch = watched.new_watch()
        assert watched.look() == []
        assert len(watched.watch._intervals) == 1
        watched.watch.close()
        file.write_bytes(file.read_bytes() + b"\n" + whole)


def test_what_became_late_is_not_told_as_if_it_had_come_in_time(watched):
    watched.look()
    before = watched.exchange.log.last_position()
    watched.exchange.write(order(998, 2, Side.ASK), order(999, 1, Side.BID))
    watched.look()
    assert len(watched.watch._gathered()["trades"]) == 1
    watched.exchange.clock.advance(60.0)
    assert MemoryRecoveryBook(watched.exchange.log).append(0, before)
    assert watched.look() == []
    assert len(watched.watch._gathered()["trades"]) == TRADES


def test_what_was_put_right_and_is_edited_again_is_told_again(watched):
    watched.edit("UPDATE trades SET qty = 5 WHERE market = 0 AND id = 3")
    assert len(watched.look()) == 1
    watched.edit("UPDATE trades SET qty = 1 WHERE market = 0 AND id = 3")
    assert len(watched.look()) == 1
    watched.edit("UPDATE trades SET qty = 6 WHERE market = 0 AND id = 3")
    assert "id 3: qty 6, not qty 1" in watched.look()[1]


def test_what_was_remembered_of_another_log_is_forgotten(watched):
    watched.look()
    watched.watch.close()
    file = watched.folder / "witness" / "rows.jsonl"
    last = watched.watch._ended
    other = re.sub(rb'"digest":"[^"]*"', b'"digest":"00"', file.read_bytes())
    file.write_bytes(other.replace(b'"until":"%b"' % str(last).encode(), b'"until":"1000003-0"'))
    watched.watch = watched.new_watch()
    assert list(watched.watch._intervals) == ["1000003-0"]
    assert watched.look() == []
    assert list(watched.watch._intervals) == [str(last)]

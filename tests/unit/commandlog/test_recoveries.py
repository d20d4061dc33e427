"""That an entry was reached late is a fact in the log, the same for everybody who reads it."""

import pytest

from truebook import commands
from truebook.commandlog.entries import engine_pieces, for_engine, pack_entry
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    Overtaken,
    Position,
    RecoveriesWrong,
    Recovery,
)
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.recoveries import Recoveries, has_expired, recovery_in
from truebook.messages import ENTRY, OrderType, Side

TICK = commands.tick()


def at(ms):
    return Position(ms, 0)


def entry(ms, records=TICK, **fields):
    return LogEntry(at(ms), ms, pack_entry(1, 1, records), **fields)


def place(deadline_ms=0):
    return commands.place(
        account=1,
        market=0,
        order_id=1,
        side=Side.BID,
        order_type=OrderType.LIMIT,
        price=1,
        quantity=1,
        deadline_ms=deadline_ms,
    )


def test_what_stands_between_a_recovery_and_its_position_was_reached_at_its_time():
    known = Recoveries(1, [Recovery(at(10), at(20))])
    told = known.told([entry(ms) for ms in (5, 10, 11, 19, 20, 21)])
    assert [e.reached_ms for e in told] == [0, 0, 20, 20, 0, 0]


def test_of_several_recoveries_the_last_that_covers_an_entry_counts():
    known = Recoveries(
        3, [Recovery(at(0), at(9)), Recovery(at(3), at(20)), Recovery(at(3), at(30))]
    )
    told = known.told([entry(ms) for ms in (1, 3, 4, 10, 20, 25, 30, 31)])
    assert [e.reached_ms for e in told] == [9, 9, 30, 30, 30, 30, 0, 0]


def test_the_engine_is_told_when_an_entry_was_reached_and_nothing_else_changes():
    plain, late = for_engine(entry(7)), for_engine(entry(7, reached_ms=9_000))
    assert ENTRY.fields is not None
    offset = ENTRY.fields["reached_ms"][1]
    assert plain[offset : offset + 8] == bytes(8)
    assert int.from_bytes(late[offset : offset + 8], "little") == 9_000
    assert late[:offset] + late[offset + 8 :] == plain[:offset] + plain[offset + 8 :]
    assert b"".join(engine_pieces(entry(7, reached_ms=9_000))) == late


def test_a_gateway_cannot_say_when_its_entry_was_reached():
    data = bytearray(pack_entry(1, 1, TICK))
    data[32] = 1
    assert len(for_engine(LogEntry(at(7), 7, bytes(data)))) == len(data) - len(TICK)


def test_only_a_whole_entry_with_nothing_else_in_it_is_a_recovery():
    record = commands.recovery(after=at(3))
    assert recovery_in(entry(9, record)) == (at(3), at(9))
    assert recovery_in(entry(9, record + record)) is None
    assert recovery_in(entry(9)) is None
    assert recovery_in(entry(9)._replace(data=entry(9, record).data[:-1] + b"\1")) is None


@pytest.mark.parametrize(
    ("records", "now_ms", "reached_ms", "is_expired"),
    [
        (place(), 5_100, 0, False),
        (place(), 5_101, 0, True),
        (place(), 5_101, 9_000, False),
        (place(), 9_000, 5_000, True),
        (place(deadline_ms=300), 401, 0, True),
        (place(deadline_ms=60_000), 9_000, 0, False),
        (TICK + place(), 5_101, 0, True),
        (commands.cancel_all(account=1), 99_000, 0, False),
        (commands.deposit(account=1, asset=0, amount=1), 99_000, 0, False),
    ],
)
def test_orders_expire_and_nothing_else_does(records, now_ms, reached_ms, is_expired):
    assert has_expired(entry(100, records, reached_ms=reached_ms), now_ms) is is_expired


def test_a_recovery_stands_in_log_and_list_or_in_neither(logs):
    book, other, reader = logs.book(), logs.book(), logs.reader()
    (first, second) = logs.fill(2)
    assert book.read() == (0, [])
    assert book.append(0, first)
    assert not other.append(0, first), "the list isn't the one that it knew any more"
    other.fence()
    assert not book.append(1, second)
    assert book.append(2, second)
    token, listed = other.read()
    assert token == 3
    entries = reader.read(second, 10, 0)
    assert [recovery_in(entry) for entry in entries] == listed
    assert [recovery.after for recovery in listed] == [first, second]
    assert abs(book.now_ms() - listed[0].at.high) < 60_000
    for held in (book, other, reader):
        held.close()


@pytest.fixture
def log(logs):
    log = ReachedLog(logs.reader(), logs.book())
    yield log
    log.close()


def test_a_reader_knows_of_a_recovery_before_it_comes_to_it(logs, log):
    positions = logs.fill(3)
    log.book.append(0, positions[0])
    (late,) = [recovery.at for recovery in log.book.read()[1]]
    assert [e.reached_ms for e in log.read(GENESIS, 2, 0)] == [0, late.high]
    assert [e.reached_ms for e in log.read(positions[1], 9, 0)] == [late.high, 0]


def test_whoever_was_given_entries_before_they_were_known_to_be_late_is_stopped(logs, log):
    positions = logs.fill(3)
    assert len(log.read(GENESIS, 3, 0)) == 3
    log.book.append(0, positions[0])
    with pytest.raises(Overtaken, match=str(positions[0])):
        log.read(positions[-1], 9, 0)


def test_a_recovery_of_what_is_not_read_yet_stops_nobody(logs, log):
    positions = logs.fill(3)
    assert len(log.read(GENESIS, 1, 0)) == 1
    log.book.append(0, positions[0])
    log.refresh(positions[0])
    assert all(e.reached_ms for e in log.read(positions[0], 2, 0))


def test_a_list_that_is_not_what_the_log_says_is_found_out(logs, log):
    (first,) = logs.fill(1)
    log.book.append(0, first)
    read = log.book.read
    log.book.read = lambda: (1, [])
    with pytest.raises(RecoveriesWrong, match="only the log has"):
        log.read(GENESIS, 9, 0)
    (false,) = logs.fill(1)
    true = read()[1]
    log.book.read = lambda: (1, [*true, Recovery(first, false)])
    log.known = Recoveries()
    with pytest.raises(RecoveriesWrong, match="only the log server's list has"):
        log.read(GENESIS, 9, 0)

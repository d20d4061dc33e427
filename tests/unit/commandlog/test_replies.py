"""Each reply goes to the entry and the command that it answers."""

import numpy as np
import pytest

from truebook.commandlog.interface import Position
from truebook.commandlog.replies import (
    entry_replies,
    read_reply_message,
    replies_of,
    reply_message,
    settings_events,
    split,
)
from truebook.messages import (
    ENTRY_EVENT,
    EVENT_ROW,
    REPLY,
    CommandKind,
    EntryStatus,
    EventKind,
    OrderStatus,
)

PLACE, CANCEL_ALL = CommandKind.PLACE, CommandKind.CANCEL_ALL
NEW, CANCELLED, DONE, REJECTED = (
    OrderStatus.NEW,
    OrderStatus.CANCELLED,
    OrderStatus.DONE,
    OrderStatus.REJECTED,
)


def entry_event(gateway, sequence, count, status=EntryStatus.APPLIED):
    row = np.zeros(1, ENTRY_EVENT)
    row["kind"], row["status"], row["count"] = EventKind.ENTRY, status, count
    row["gateway"], row["sequence"] = gateway, sequence
    return row.tobytes()


def events(*kinds):
    rows = np.zeros(len(kinds), EVENT_ROW)
    rows["kind"] = kinds
    rows["account"] = np.arange(len(kinds))
    return rows.tobytes()


def replies(*values):
    rows = np.zeros(len(values), REPLY)
    for row, (kind, status, command) in zip(rows, values, strict=True):
        row["kind"], row["status"], row["command"] = kind, status, command
    rows["order_id"] = np.arange(len(values)) + 1
    return rows.tobytes()


def test_each_entry_gets_its_own_events_and_replies():
    one = entry_event(1, 1, 1) + events(EventKind.ACCEPTED, 0)
    two = entry_event(2, 1, 2) + events(EventKind.ACCEPTED, 0, EventKind.ACCEPTED, 0)
    replied_1 = replies((PLACE, NEW, 0))
    replied_2 = replies((PLACE, NEW, 0), (PLACE, NEW, 1))
    made = split(one + two, replied_1 + replied_2, 2)
    assert [(m.gateway, m.sequence, m.status) for m in made] == [(1, 1, 0), (2, 1, 0)]
    assert [m.events for m in made] == [one, two]
    assert [m.replies for m in made] == [replied_1, replied_2]


def test_entries_without_replies_take_none_from_their_neighbours():
    heads = [
        entry_event(1, 1, 0),
        entry_event(1, 2, 1),
        entry_event(1, 2, 1, EntryStatus.REPEATED),
        entry_event(2, 9, 3, EntryStatus.GAP),
        entry_event(0, 0, 0, EntryStatus.MALFORMED),
        entry_event(3, 1, 1),
        entry_event(3, 2, 0),
    ]
    answer = replies((PLACE, NEW, 0))
    made = split(b"".join(heads), answer * 2, 7)
    assert [len(m.replies) // 64 for m in made] == [0, 1, 0, 0, 0, 1, 0]
    assert [m.status for m in made] == [0, 0, 1, 2, 3, 0, 0]


def test_a_cancel_all_keeps_all_its_replies_together():
    first = replies((CANCEL_ALL, CANCELLED, 0), (CANCEL_ALL, CANCELLED, 0), (CANCEL_ALL, DONE, 0))
    second = replies((CANCEL_ALL, DONE, 0), (PLACE, NEW, 1), (CANCEL_ALL, CANCELLED, 2))
    second += replies((CANCEL_ALL, DONE, 2))
    third = replies((CANCEL_ALL, REJECTED, 0))
    heads = entry_event(1, 1, 1) + entry_event(1, 2, 3) + entry_event(1, 3, 1)
    assert [m.replies for m in split(heads, first + second + third, 3)] == [first, second, third]


def test_replies_that_fit_no_entry_stop_the_process():
    with pytest.raises(ValueError, match=r"shape|assign"):
        split(entry_event(1, 1, 1) + entry_event(1, 2, 1), replies((PLACE, NEW, 0)) * 3, 2)


def test_events_of_more_or_fewer_entries_stop_the_process():
    with pytest.raises(ValueError, match="3 entries"):
        split(entry_event(1, 1, 0) + entry_event(1, 2, 0), b"", 3)


def test_only_settings_leave_for_the_settings_channel():
    mixed = events(
        EventKind.ENTRY, EventKind.ASSET_SET, 0, EventKind.ACCEPTED, 0, EventKind.TIER_SET
    )
    found = np.frombuffer(settings_events(mixed), EVENT_ROW)
    assert found["account"].tolist() == [1, 2, 5]
    assert settings_events(events(EventKind.ENTRY, EventKind.FILL, 0, 0, 0)) == b""
    assert settings_events(b"") == b""


def test_a_reply_message_is_read_as_it_was_written():
    answer = replies((PLACE, NEW, 0), (PLACE, NEW, 1))
    made = split(entry_event(7, 1, 2) + entry_event(7, 1, 2, EntryStatus.REPEATED), answer, 2)
    message = reply_message([(Position(5, n), m) for n, m in enumerate(made)])
    first, second = read_reply_message(message)
    assert first.position == Position(5, 0)
    assert (first.gateway, first.sequence, first.status) == (7, 1, EntryStatus.APPLIED)
    assert first.replies.tobytes() == answer
    assert (second.status, len(second.replies)) == (EntryStatus.REPEATED, 0)
    again = entry_replies(Position(5, 0), made[0].events, made[0].replies)
    assert again.replies.tobytes() == answer
    assert again[:4] == first[:4]


@pytest.mark.parametrize("cut", [1, 63, 64, 100, 127])
def test_a_cut_reply_message_is_refused(cut):
    made = split(entry_event(7, 1, 1), replies((PLACE, NEW, 0)), 1)
    with pytest.raises(ValueError, match="ends in"):
        list(read_reply_message(reply_message([(Position(5, 0), made[0])])[:cut]))


def test_a_submission_finds_its_commands_among_those_of_its_entry():
    def field(name, packed, first, commands):
        return np.frombuffer(replies_of(packed, first, commands), REPLY)[name].tolist()

    plain = replies(*((PLACE, NEW, n) for n in range(5)))
    assert field("command", plain, 2, 2) == [2, 3]
    wide = replies(
        (PLACE, NEW, 0),
        (CANCEL_ALL, CANCELLED, 1),
        (CANCEL_ALL, CANCELLED, 1),
        (CANCEL_ALL, DONE, 1),
        (PLACE, NEW, 2),
    )
    assert field("order_id", wide, 0, 1) == [1]
    assert field("order_id", wide, 1, 1) == [2, 3, 4]
    assert field("order_id", wide, 2, 1) == [5]
    assert replies_of(b"", 0, 1) == b""

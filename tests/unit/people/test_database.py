"""The people database: what its transactions promise to the code above."""

import sqlite3

import pytest

from truebook.limits import SESSIONS_OF_AN_ACCOUNT_MAX
from truebook.people.backoff import address_charge, name_charge, wait_ms
from truebook.people.database import Charge, KeyRow, Salt, SessionRow
from truebook.people.sqlite import FILE_NAME, SqlitePeople

NOW_MS = 1_795_000_000_000


@pytest.fixture
def database(tmp_path):
    database = SqlitePeople(tmp_path / FILE_NAME)
    yield database
    database.close()


def session(number, account=1, expires_ms=NOW_MS + 1000):
    token_hash = number.to_bytes(32, "big")
    return SessionRow(token_hash, account, b"s", b"g", NOW_MS + number, expires_ms, "a", "b")


def test_the_oldest_sessions_of_an_account_make_room(database):
    for number in range(SESSIONS_OF_AN_ACCOUNT_MAX + 3):
        database.add_session(session(number), SESSIONS_OF_AN_ACCOUNT_MAX)
    database.add_session(session(1000, account=2), SESSIONS_OF_AN_ACCOUNT_MAX)
    kept = database.sessions(1)
    assert len(kept) == SESSIONS_OF_AN_ACCOUNT_MAX
    assert kept[-1] == session(3)
    assert len(database.sessions(2)) == 1


def test_expired_sessions_are_removed(database):
    database.add_session(session(1, expires_ms=NOW_MS), 9)
    database.add_session(session(2), 9)
    assert [row.token_hash for row in database.sessions(1)] == [session(2).token_hash]
    database.remove_expired(NOW_MS + 1000)
    assert database.sessions(1) == []


def test_what_one_process_ends_another_hears_of(database, tmp_path):
    other = SqlitePeople(tmp_path / FILE_NAME)
    before = other.versions()
    database.add_session(session(1), 9)
    assert other.versions() == before
    database.end_session(session(1).token_hash)
    database.set_key(KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS))
    after = other.versions()
    assert (after.sessions > before.sessions, after.keys > before.keys) == (True, True)
    assert other.restricted_keys() == [KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS)]
    other.close()


def test_even_a_change_made_by_hand_is_heard_of(database, tmp_path):
    database.set_key(KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS))
    before = database.versions()
    by_hand = sqlite3.connect(tmp_path / FILE_NAME)
    with by_hand:
        by_hand.execute("DELETE FROM keys")
    by_hand.close()
    assert database.versions().keys > before.keys


def test_a_salt_that_would_take_all_memory_is_none(database, tmp_path):
    for place, salt in enumerate(
        [
            Salt(b"x" * 16, 1, 1 << 30),
            Salt(b"x" * 16, 1 << 20, 8),
            Salt(b"x" * 15, 1, 8),
            Salt(b"x" * 16, 0, 8),
        ]
    ):
        database.add_salt(place, salt, NOW_MS)
        assert database.salts(place) == []
    database.add_salt(9, Salt(b"x" * 16, 1, 8), NOW_MS)
    assert database.salts(9) == [Salt(b"x" * 16, 1, 8)]


def test_while_a_password_is_changed_both_salts_are_there(database):
    old, new = Salt(b"o" * 16, 1, 8), Salt(b"n" * 16, 1, 8)
    database.add_salt(1, old, NOW_MS)
    database.add_salt(1, new, NOW_MS + 1)
    assert database.salts(1) == [new, old]
    database.keep_salt(1, new.salt)
    assert database.salts(1) == [new]


def test_nothing_is_counted_against_anybody_while_one_has_to_wait(database):
    tired, fresh = Charge("tired", 1, 60), Charge("fresh", 5, 60)
    assert database.charge([tired], NOW_MS) == 0
    assert database.charge([tired, fresh], NOW_MS) == 1000
    for _ in range(5):
        assert database.charge([fresh], NOW_MS) == 0
    assert database.charge([fresh], NOW_MS) == 1000


def test_waits_double_up_to_a_maximum():
    assert [wait_ms(beyond, 60) for beyond in (-1, 0, 1, 2, 5, 6, 1 << 40)] == [
        0,
        1000,
        2000,
        4000,
        32000,
        60000,
        60000,
    ]


def test_addresses_count_by_who_may_be_supposed_to_have_them():
    def subject(address):
        return address_charge(address).subject

    assert subject("2001:db8::1") == subject("2001:db8::ffff:1")
    assert subject("2001:db8::1") != subject("2001:db8:0:1::1")
    assert subject("::ffff:192.0.2.1") == subject("192.0.2.1") != subject("192.0.2.2")
    assert subject("") != subject("192.0.2.1")
    assert "alice" not in name_charge("alice").subject

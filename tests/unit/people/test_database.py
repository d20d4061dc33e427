"""The people database: what its transactions promise to the code above."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from truebook.limits import SESSIONS_OF_AN_ACCOUNT_MAX
from truebook.people.backoff import address_charge, name_charge, wait_ms
from truebook.people.database import Charge, KeyRow, Salt, SessionRow
from truebook.people.errors import PeopleUnavailable
from truebook.people.postgres import PostgresPeople
from truebook.people.sqlite import FILE_NAME, SqlitePeople

NOW_MS = 1_795_000_000_000


class Place:
    """Where a database is: `open` it as often as one likes."""

    def __init__(self, open_one, statement_by_hand):
        self._open = open_one
        self.by_hand = statement_by_hand
        self.made = []

    def open(self):
        self.made.append(self._open())
        return self.made[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        path = tmp_path / FILE_NAME

        def in_file(statement):
            with contextlib.closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(statement)

        place = Place(lambda: SqlitePeople(path), in_file)
    else:
        url = request.getfixturevalue("postgres").create()

        def on_server(statement):
            with psycopg.connect(url, options="-c search_path=people") as connection:
                connection.execute(statement)

        place = Place(lambda: PostgresPeople(url), on_server)
    yield place
    for database in place.made:
        database.close()


@pytest.fixture
def database(place):
    return place.open()


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


def test_what_one_process_ends_another_hears_of(database, place):
    other = place.open()
    before = other.versions()
    database.add_session(session(1), 9)
    assert other.versions() == before
    database.end_session(session(1).token_hash)
    database.set_key(KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS))
    after = other.versions()
    assert (after.sessions > before.sessions, after.keys > before.keys) == (True, True)
    assert other.restricted_keys() == [KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS)]


def test_even_a_change_made_by_hand_is_heard_of(database, place):
    database.set_key(KeyRow(b"k" * 32, "label", "10.0.0.0/8", NOW_MS))
    before = database.versions()
    place.by_hand("DELETE FROM keys")
    assert database.versions().keys > before.keys


def test_a_salt_that_would_take_all_memory_is_none(database):
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


def test_a_server_that_was_restarted_is_no_error_and_one_that_is_away_is_said(postgres):
    url = postgres.create()
    database = PostgresPeople(url)
    database.add_salt(1, Salt(b"x" * 16, 1, 8), NOW_MS)
    cut(url)
    assert database.salts(1) == [Salt(b"x" * 16, 1, 8)]
    cut(url)
    database.add_session(session(1), 9)
    postgres.drop(url)
    with pytest.raises(PeopleUnavailable):
        database.session(session(1).token_hash)
    with pytest.raises(PeopleUnavailable):
        database.end_sessions(1)
    database.close()


def cut(url):
    """End all connections to a database, as the end of its server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_text_with_a_nul_does_no_harm(database):
    database.set_key(KeyRow(b"k" * 32, "a\0b", "10.0.0.0/8", NOW_MS))
    assert database.restricted_keys()[0].label.startswith("a")


def test_guesses_at_several_gateways_at_once_are_all_counted(postgres):
    url = postgres.create()

    def guess(_):
        database = PostgresPeople(url)
        allowed = [database.charge([Charge("guessed", 8, 60)], NOW_MS) == 0 for _ in range(5)]
        database.close()
        return sum(allowed)

    with ThreadPoolExecutor(4) as gateways:
        assert sum(gateways.map(guess, range(4))) == 8

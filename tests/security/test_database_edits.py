"""Somebody who can edit the people database gains nothing: no session, no key, no right.

The attacker has an account of their own, whatever stands in the database, and write access to it.
They don't have other people's passwords, secrets or cookies, nor the log. Whatever they write, each
answer that they then get must be one that they could have had before.
"""

import itertools
import sqlite3

import pytest
from nacl.signing import SigningKey
from venue.browser import PASSWORD, Town
from venue.credentials import Credentials

from truebook.directory import Account
from truebook.limits import SESSION_HOURS_MAX
from truebook.messages import AccountFlag, Permission
from truebook.people.database import Salt
from truebook.people.passwords import PASSWORD_KEY_EXPIRES_MS, derive
from truebook.people.sqlite import _SCHEMA
from truebook.people.statements import Session, hash_of, signed, statement_of

ME = "/api/v1/auth/session"


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()


@pytest.fixture
def alice(town):
    """The victim, an administrator at that."""
    return town.administrator("alice")


@pytest.fixture
def mallory(town):
    """The attacker."""
    return town.signed_up("mallory")


def edit(town, statement, *values):
    """What the attacker does to the file."""
    connection = sqlite3.connect(town.file)
    with connection:
        connection.execute(statement, values)
    connection.close()
    town.poll()


def rows(town, table):
    connection = sqlite3.connect(town.file)
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute(f"SELECT rowid, * FROM {table}")]
    connection.close()
    return found


def columns():
    """Every column of every table, as the schema has them."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    tables = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    found = [
        (table, column[1])
        for table in tables
        for column in connection.execute(f"PRAGMA table_info({table})")
    ]
    connection.close()
    return found


TABLES = ("salts", "sessions", "keys", "attempts", "versions")


def test_every_table_is_looked_at():
    assert {table for table, _ in columns()} == set(TABLES)


@pytest.mark.parametrize(("table", "column"), columns(), ids=lambda part: part)
def test_no_value_of_any_column_opens_anything(town, alice, mallory, table, column):
    """Each value of another row, and each value of a wrong kind, in every row."""
    alice.make_key("read")
    mallory.make_key("read", addresses=["192.0.2.1"])
    town.browser().log_in("alice", "a wrong password")
    originals = rows(town, table)
    values = [row[column] for row in originals]
    hostile = [None, b"", b"x" * 32, "", "x", -1, 0, 1, 1 << 62, 1.5, PASSWORD_KEY_EXPIRES_MS]
    account = mallory_account(town)
    for row, value in itertools.product(originals, [*values, *hostile, account]):
        try:
            edit(town, f"UPDATE {table} SET {column} = ? WHERE rowid = ?", value, row["rowid"])
        except sqlite3.IntegrityError:
            continue
        assert_mallory_is_mallory(town, mallory)
        edit(
            town,
            f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?",
            row[column],
            row["rowid"],
        )
    assert alice.call("GET", ME).json["name"] == "alice"


def mallory_account(town):
    return town.exchange.directory.account_by_name["mallory"].number


def assert_mallory_is_mallory(town, mallory):
    """Whatever mallory tries with a cookie and a password of her own, she is herself or nobody."""
    me = mallory.call("GET", ME)
    assert me.status in (200, 401)
    if me.status == 200:
        assert me.json["name"] == "mallory"
        assert me.json["permissions"] == ["read", "trade", "withdraw"]
    assert mallory.call("GET", "/api/v1/admin/accounts").status in (401, 403)
    visitor = town.browser(address="203.0.113.1")
    assert visitor.log_in("alice", "mallory's password").status in (401, 429)
    town.clock.advance(120)


def test_a_copied_salt_lets_nobody_in_with_their_own_password(town, alice, mallory):
    mallory.call("POST", "/api/v1/auth/password", password=PASSWORD, newPassword="only mallory's")
    victim = town.exchange.directory.account_by_name["alice"].number
    own = mallory_account(town)
    salt = next(row for row in rows(town, "salts") if row["account"] == own)
    edit(town, "DELETE FROM salts WHERE account = ?", victim)
    edit(
        town,
        "INSERT INTO salts VALUES (?, ?, ?, ?, ?)",
        victim,
        salt["salt"],
        salt["operations"],
        salt["memory_kib"],
        salt["created_ms"],
    )
    assert town.browser().log_in("alice", "only mallory's").status == 401
    edit(town, "DELETE FROM salts WHERE account = ?", victim)
    edit(town, "UPDATE salts SET account = ? WHERE account = ?", victim, own)
    assert town.browser().log_in("alice", "only mallory's").status == 401


def forged(town, key, **changes):
    """A session row that names alice, signed by a key of the attacker's choice."""
    now_ms = town.clock.now_ms()
    session = Session(
        town.exchange.directory.account_by_name.get("alice", NOBODY).number,
        Permission(15),
        now_ms,
        now_ms + 3_600_000,
        PASSWORD_KEY_EXPIRES_MS,
        bytes(key.verify_key),
        hash_of(TOKEN),
    )._replace(**changes)
    return signed(session, key, "192.0.2.1", "forged")


TOKEN = "M" * 43
NOBODY = Account(0, "venue", 0, 0, AccountFlag(0))


def try_row(town, row):
    """What somebody with the forged row's token is answered."""
    edit(town, "DELETE FROM sessions WHERE token_hash = ?", row.token_hash)
    edit(town, "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    visitor = town.browser()
    visitor.cookie = f"truebook={TOKEN}"
    statuses = {
        visitor.call("GET", ME).status,
        visitor.call("GET", "/api/v1/capital").status,
        visitor.call("GET", "/api/v1/admin/accounts").status,
    }
    return statuses


def alices_key(town):
    account = town.exchange.directory.account_by_name["alice"].number
    keys = town.exchange.directory.keys_of(account)
    return next(key for key, known in keys.items() if known.permissions)


def test_a_session_signed_by_an_unknown_key_opens_nothing(town, alice):
    assert try_row(town, forged(town, SigningKey.generate())) == {401}


def test_a_session_that_names_the_victims_key_needs_its_signature(town, alice):
    own = SigningKey.generate()
    row = forged(town, own)
    named = forged(town, own, public_key=alices_key(town))
    assert try_row(town, named) == {401}
    assert try_row(town, row._replace(statement=named.statement)) == {401}


def test_an_api_key_signs_no_session_for_more_than_it_may(town, alice, mallory):
    """Not even one of the account's own: a session can make keys, an API key can't."""
    key = alice.make_key("read")
    signing = SigningKey(key.seed)
    for expires_ms in (0, PASSWORD_KEY_EXPIRES_MS):
        assert try_row(town, forged(town, signing, key_expires_ms=expires_ms)) == {401}


def test_the_victims_row_opens_nothing_under_the_attackers_token(town, alice):
    row = rows(town, "sessions")[0]
    for changed in ({"token_hash": hash_of(TOKEN)}, {"token_hash": TOKEN.encode()}):
        edit(
            town,
            "UPDATE sessions SET token_hash = ? WHERE rowid = ?",
            changed["token_hash"],
            row["rowid"],
        )
        visitor = town.browser()
        visitor.cookie = f"truebook={TOKEN}"
        assert visitor.call("GET", ME).status == 401
        statement = row["statement"][:-32] + hash_of(TOKEN)
        edit(town, "UPDATE sessions SET statement = ?", statement)
        assert visitor.call("GET", ME).status == 401
        edit(town, "UPDATE sessions SET statement = ?", row["statement"])


def test_every_bit_of_a_statement_counts(town, mallory):
    """Account, permissions, times: none can be changed without the password."""
    row = rows(town, "sessions")[0]
    for column in ("statement", "signature"):
        for place in range(len(row[column])):
            spoilt = bytearray(row[column])
            spoilt[place] ^= 1 << place % 8
            edit(town, f"UPDATE sessions SET {column} = ?", bytes(spoilt))
            assert mallory.call("GET", ME).status == 401, (column, place)
        edit(town, f"UPDATE sessions SET {column} = ?", row[column])
    assert mallory.call("GET", ME).status == 200


def test_a_session_is_not_prolonged_by_its_columns(town, mallory):
    edit(town, "UPDATE sessions SET expires_ms = ?, created_ms = ?", 1 << 60, 1 << 59)
    town.clock.advance(24 * 3600)
    assert mallory.call("GET", ME).status == 401


def test_even_its_owner_signs_no_session_for_ever(town, mallory):
    salt = rows(town, "salts")[0]
    key = derive(PASSWORD, Salt(salt["salt"], salt["operations"], salt["memory_kib"]))
    own = mallory_account(town)
    now_ms = town.clock.now_ms()
    for hours, status in ((SESSION_HOURS_MAX, 200), (SESSION_HOURS_MAX + 1, 401)):
        row = forged(town, key, account=own, expires_ms=now_ms + hours * 3_600_000)
        assert status in try_row(town, row)


def test_sessions_that_the_log_has_ended_are_not_brought_back(town, alice):
    """By a changed password, or by ending all: the row alone doesn't revive them."""
    kept = rows(town, "sessions")
    cookie = alice.cookie
    alice.call("DELETE", "/api/v1/auth/sessions", all=True)
    for row in kept:
        del row["rowid"]
        edit(town, "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row.values())
    alice.cookie = cookie
    assert alice.call("GET", ME).status == 401
    assert alice.log_in("alice").status == 200


def test_a_revoked_key_stays_revoked_whatever_is_noted_on_it(town, mallory):
    key = mallory.make_key("read")
    mallory.call("DELETE", "/api/v1/keys", apiKey=key.api_key)
    public_key = bytes(SigningKey(key.seed).verify_key)
    edit(town, "INSERT OR REPLACE INTO keys VALUES (?, 'x', '', 0)", public_key)
    assert mallory.signed(key, "GET", "/api/v1/capital", "balanceQuery").status == 401


def test_a_key_that_only_the_database_knows_is_unknown(town, mallory):
    signing = SigningKey.generate()
    edit(town, "INSERT INTO keys VALUES (?, 'x', '', 0)", bytes(signing.verify_key))
    key = Credentials(0, bytes(signing))
    assert mallory.signed(key, "GET", "/api/v1/capital", "balanceQuery").status == 401


def test_an_address_list_that_was_spoilt_lets_nobody_in(town, mallory):
    key = mallory.make_key("read", addresses=["192.0.2.1"])
    assert mallory.signed(key, "GET", "/api/v1/capital", "balanceQuery").status == 200
    for spoilt in ("x", "10.0.0.0/8 ?", b"\xff", 7, " "):
        edit(town, "UPDATE keys SET addresses = ?", spoilt)
        assert mallory.signed(key, "GET", "/api/v1/capital", "balanceQuery").status == 403


def test_nothing_of_a_password_or_token_or_secret_stands_in_the_file(town, alice, mallory):
    key = mallory.make_key("trade")
    mallory.log_in("mallory", "a password typed wrong")
    mallory.log_in("typed into the wrong field", PASSWORD)
    contents = b"".join(path.read_bytes() for path in town.folder.iterdir())
    token = mallory.cookie.partition("=")[2].encode()
    for secret in (PASSWORD.encode(), token, key.seed, b"typed wrong", b"wrong field"):
        assert secret not in contents
    assert (town.file.stat().st_mode & 0o777) == 0o600


def test_statements_and_requests_are_never_taken_for_one_another(town, alice):
    session = Session(1, Permission(1), 0, 1, 2, bytes(32), bytes(32))
    assert not statement_of(session).startswith(b"instruction=")

"""Guessing passwords, one after the other or many at once."""

import asyncio

import pytest
from venue.browser import CHEAP, PASSWORD, Town

from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable
from truebook.limits import LOGINS_WAITING_MAX
from truebook.people import passwords
from truebook.people.errors import TryLater
from truebook.people.people import Visitor

WRONG = "not the password"


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()


@pytest.mark.parametrize("name", ["alice", "nobody-there"])
def test_after_ten_wrong_passwords_a_name_has_to_wait_longer_each_time(town, name):
    town.signed_up("alice")
    attacker = town.browser()
    for _ in range(10):
        answer = attacker.log_in(name, WRONG)
        assert (answer.status, answer.json) == (
            401,
            {"code": "UNAUTHORIZED", "message": "Wrong name or password"},
        )
    waits = []
    for _ in range(3):
        answer = attacker.log_in(name, WRONG)
        assert (answer.status, answer.json["code"]) == (429, "TOO_MANY_REQUESTS")
        waits.append(int(answer.headers["retry-after"]))
        town.clock.advance(waits[-1])
        assert attacker.log_in(name, WRONG).status == 401
    assert waits == [1, 2, 4]


def test_the_wait_counts_on_every_gateway(town):
    town.signed_up("alice")
    attacker, other = town.browser(), town.browser(town.gateway())
    for _ in range(5):
        attacker.log_in("alice", WRONG)
        other.log_in("alice", WRONG)
    assert attacker.log_in("alice", WRONG).status == 429
    assert other.log_in("alice", WRONG).status == 429


def test_the_right_password_too_has_to_wait_and_then_clears_the_count(town):
    town.signed_up("alice")
    alice = town.browser(address="198.51.100.7")
    for _ in range(10):
        town.browser().log_in("alice", WRONG)
    assert alice.log_in("alice").status == 429
    town.clock.advance(1)
    assert alice.log_in("alice").status == 200
    for _ in range(10):
        assert alice.log_in("alice", WRONG).status == 401


def test_one_address_that_tries_many_names_has_to_wait_as_well(town):
    attacker = town.browser(address="203.0.113.9")
    statuses = [attacker.log_in(f"name-{number}", WRONG).status for number in range(21)]
    assert statuses == [401] * 20 + [429]
    assert town.browser(address="203.0.113.10").log_in("name-0", WRONG).status == 401


def test_all_addresses_of_one_ipv6_network_are_one(town):
    statuses = [
        town.browser(address=f"2001:db8::{number:x}").log_in(f"name-{number}", WRONG).status
        for number in range(21)
    ]
    assert statuses == [401] * 20 + [429]


def test_an_own_login_in_between_does_not_start_the_count_anew(town):
    town.signed_up("mallory")
    attacker = town.browser()
    statuses = []
    for number in range(21):
        statuses.append(attacker.log_in(f"name-{number}", WRONG).status)
        if number % 5 == 0 and statuses[-1] == 401:
            assert attacker.log_in("mallory").status in (200, 429)
    assert statuses[-1] == 429


def test_a_hundred_guesses_at_once_are_a_hundred_guesses(town):
    town.signed_up("alice")
    attacker = town.browser()
    guess = {"name": "alice", "password": WRONG}
    people = town.people

    async def all_at_once():
        guesses = [
            people.log_in(guess["name"], guess["password"], Visitor(f"10.0.{n}.1"))
            for n in range(100)
        ]
        return await asyncio.gather(*guesses, return_exceptions=True)

    found = town.run(all_at_once())
    assert len([error for error in found if not isinstance(error, TryLater)]) == 10
    assert attacker.log_in("alice").status == 429


def test_a_wait_ends_even_if_the_clock_is_set_back(town):
    town.signed_up("alice")
    attacker = town.browser()
    for _ in range(10):
        attacker.log_in("alice", WRONG)
    town.clock.jump(-3600)
    assert attacker.log_in("alice").status == 429
    town.clock.advance(2)
    assert attacker.log_in("alice").status == 200


def test_an_unknown_name_costs_the_same_derivation(town, monkeypatch):
    """Else the time of the answer would tell which names exist."""
    town.signed_up("alice")
    town.exchange.open_account("keys-only", {})
    costs = []
    derive = passwords.derive

    def counted(password, salt):
        costs.append((salt.operations, salt.memory_kib))
        return derive(password, salt)

    monkeypatch.setattr("truebook.people.passwords.derive", counted)
    for name in ("alice", "nobody-there", "keys-only", "venue", "x" * 500, "\udcff"):
        assert town.browser().log_in(name, WRONG).status in (401, 400)
    assert set(costs) == {(1, CHEAP["passwords"]["memory_kib"])}
    assert len(costs) >= 5


def test_logins_that_wait_are_bounded(town, monkeypatch):
    """A flood of logins takes one thread and little memory; orders don't notice."""
    deriver = town.people._deriver
    salt = deriver.new_salt()

    async def flood():
        waiting = [deriver.derive(PASSWORD, salt) for _ in range(LOGINS_WAITING_MAX + 20)]
        return await asyncio.gather(*waiting, return_exceptions=True)

    refused = [found for found in town.run(flood()) if isinstance(found, TryLater)]
    assert len(refused) == 20


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("al", PASSWORD, "name"),
        ("Alice", PASSWORD, "name"),
        ("аlice", PASSWORD, "name"),
        ("alice ", PASSWORD, "name"),
        ("-alice", PASSWORD, "name"),
        ("demo-maker", PASSWORD, "name"),
        ("a" * 25, PASSWORD, "name"),
        ("alice\0", PASSWORD, "name"),
        (7, PASSWORD, "name"),
        ("alice", "short", "password"),
        ("alice", "x" * 257, "password"),
        ("alice", "aaaaaaaaaaaaaa", "password"),
        ("alice-the-great", "Alice-the-great", "password"),
        ("alice", None, "password"),
        ("alice", ["x"], "password"),
    ],
)
def test_what_is_no_name_or_no_password_opens_no_account(town, name, password, field):
    before = town.exchange.engine.state_hash()
    answer = town.browser().call("POST", "/api/v1/auth/signup", name=name, password=password)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_CLIENT_REQUEST")
    assert answer.json.get("field", field) == field
    assert town.exchange.engine.state_hash() == before


def test_a_name_that_exists_is_not_taken_over(town):
    town.signed_up("alice")
    for name in ("alice", "venue"):
        answer = town.browser().call(
            "POST", "/api/v1/auth/signup", name=name, password="another password"
        )
        assert (answer.status, answer.json["code"]) in ((409, "PRECONDITION_FAILED"),)
    assert town.browser().log_in("alice", "another password").status == 401
    assert town.browser().log_in("alice").status == 200


def test_two_who_want_a_name_at_once_dont_both_get_it(town):
    async def both():
        visitor = Visitor("192.0.2.1")
        found = [town.people.sign_up("alice", f"password {n} of it", visitor) for n in (1, 2)]
        return await asyncio.gather(*found, return_exceptions=True)

    errors = [found for found in town.run(both()) if isinstance(found, Exception)]
    assert len(errors) == 1
    logins = [town.browser().log_in("alice", f"password {n} of it").status for n in (1, 2)]
    assert sorted(logins) == [200, 401]


def test_accounts_can_be_opened_only_so_fast_from_one_address(tmp_path):
    town = Town(tmp_path, accounts={"sign_ups_an_hour": 3})
    for number in range(3):
        town.signed_up(f"person-{number}")
    answer = town.browser().call("POST", "/api/v1/auth/signup", name="one-more", password=PASSWORD)
    assert answer.status == 429
    town.signed_up("one-more", address="192.0.2.77")
    town.close()


def test_where_nobody_may_sign_up_nobody_can(tmp_path):
    town = Town(tmp_path, accounts={"sign_up": False})
    before = town.exchange.engine.state_hash()
    answer = town.browser().call("POST", "/api/v1/auth/signup", name="alice", password=PASSWORD)
    assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
    assert town.exchange.engine.state_hash() == before
    town.close()


def test_a_password_change_that_fails_again_and_again_locks_nobody_out(town):
    browser = town.signed_up("stubborn")
    change = {"password": PASSWORD, "newPassword": "another one, longer"}
    for failure, status in ((LogUnavailable("away"), 503), (TimedOut("no answer"), 504)) * 2:
        town.exchange.failure = failure
        answer = browser.call("POST", "/api/v1/auth/password", **change)
        town.exchange.failure = None
        assert answer.status == status
        assert town.browser().log_in("stubborn").status == 200

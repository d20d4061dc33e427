"""Beginning to follow an account, and what is remembered of it."""

import json

import pytest
from venue.local import LocalExchange

from truebook.feed import followed as module
from truebook.feed.events import Closed
from truebook.feed.followed import FollowedAccount, Memory
from truebook.messages import CloseReason
from truebook.queries import OrderRow

ACCOUNT = 3


@pytest.fixture
def account():
    return FollowedAccount(ACCOUNT, LocalExchange().directory)


def row(order_id):
    return OrderRow(order_id, ACCOUNT, 0, 0, 9_000, 100, 100, 0, 1, 0)


def closed(number):
    """The order of that number is cancelled, as the account's event of that number."""
    return Closed(CloseReason.CANCELLED, 0, ACCOUNT, number, 100, 9_000, 0, 0, 1, 1, number)


def numbers(updates):
    return [update.sequence for update in updates]


def test_events_wait_for_the_engines_answer_and_what_it_knows_is_passed_over(account):
    for number in (5, 6, 7):
        assert account.fold(closed(number), 0) == ()
    assert numbers(account.load(6, [row(7), row(8)])) == [7]
    assert numbers(account.fold(closed(8), 0)) == [8]
    assert account.sequence == 8


def test_an_answer_that_is_too_old_is_refused(account, monkeypatch):
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    account = FollowedAccount(ACCOUNT, account.orders._directory)
    for number in (5, 6, 7):
        account.fold(closed(number), 0)
    assert account.load(4, [row(n) for n in (5, 6, 7)]) is None
    assert numbers(account.load(5, [row(6), row(7)])) == [6, 7]


def test_what_somebody_has_just_missed_is_remembered(account, monkeypatch):
    assert numbers(account.load(4, [row(n) for n in range(5, 9)])) == []
    for number in range(5, 9):
        account.fold(closed(number), 0)
    assert [json.loads(text)["seq"] for text in account.since(6)] == [7, 8]
    assert len(account.since(4)) == 4
    assert account.since(8) == account.since(99) == []
    # What was before is in the database.
    assert account.since(3) is None


def test_all_accounts_together_remember_no_more_than_is_allowed(account, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED_MAX", 5)
    monkeypatch.setattr(module, "RECENT_MAX", 4)
    memory = Memory()
    one, two = (FollowedAccount(ACCOUNT, account.orders._directory, memory) for _ in range(2))
    for followed in (one, two):
        list(followed.load(0, [row(n) for n in range(1, 10)]))
    for number in range(1, 7):
        one.fold(closed(number), 0)
    assert one.since(1) is None
    assert [json.loads(text)["seq"] for text in one.since(2)] == [3, 4, 5, 6]
    for number in range(1, 4):
        two.fold(closed(number), 0)
    # The oldest ones went, wherever they were.
    assert [json.loads(text)["seq"] for text in one.since(4)] == [5, 6]
    assert one.since(3) is None
    assert len(two.since(0)) == 3
    assert one.since(6) == []


def test_after_a_loss_everything_is_loaded_again(account):
    account.load(4, [row(5)])
    account.lose()
    assert not account.is_loaded
    account.fold(closed(9), 0)
    assert numbers(account.load(8, [row(9)])) == [9]
    assert account.since(8) != []
    assert account.since(4) is None

"""Private updates have no gap, and are the same whenever following an account began."""

import random

import msgspec
import pytest
from model.commands import Commands
from model.engines import CANDIDATES, candidate
from model.world import ACCOUNTS
from store.naive import NaiveTables
from store.trading import Trading

from truebook.commandlog.interface import EventEntry, Position
from truebook.directory import Directory
from truebook.feed import fold as folding
from truebook.feed.channels import read_numbered, updates_channel
from truebook.feed.fold import Fold
from truebook.feed.followed import FollowedAccount
from truebook.queries import OrderRow

LAST = {"Filled", "Cancelled", "Expired", "TriggerFailed"}
FIRST = {"orderAccepted", "triggerPlaced"}


def any_commands(seed):
    """An engine, and the events of each input as it takes it."""
    engine = candidate(next(iter(CANDIDATES)))
    return engine, (engine.apply(i).events for i in Commands(seed, 1 + seed % 2).inputs(6_000, 32))


def trading(seed):
    """The same of a venue under version 2 of the rules."""
    venue = Trading(seed)

    def events():
        yield from [entry.events for entry in venue.entries]
        for _ in range(1_000):
            yield venue.go_on(1)[0].events

    return venue.engine, events()


def follow(fold, account):
    fold.accounts[account] = FollowedAccount(account, fold.directory)
    return fold.accounts[account]


def state_of(engine, account):
    rows = [OrderRow(*order) for order in engine.open_orders(account)]
    return engine.account_sequence(account), rows


class Told:
    """Updates of one account, by number."""

    def __init__(self):
        self.texts = {}

    def read(self, message):
        number, text = read_numbered(message)
        assert text
        assert number not in self.texts
        assert not self.texts or number == max(self.texts) + 1
        self.texts[number] = text


SOURCES = [(any_commands, 21), (any_commands, 22), (trading, 23), (trading, 24)]


@pytest.mark.parametrize(("source", "seed"), SOURCES)
def test_updates_are_the_same_whenever_following_began(source, seed, monkeypatch):
    if seed % 2:
        monkeypatch.setattr(folding, "TOGETHER_BYTES_MIN", 0)
    dice = random.Random(seed)
    engine, inputs = source(seed)
    directory = Directory()
    whole, late = Fold(directory), Fold(directory)
    first = [Told() for _ in range(ACCOUNTS + 1)]
    second = [Told() for _ in range(ACCOUNTS + 1)]
    for account in range(1, ACCOUNTS + 1):
        follow(whole, account).load(0, [])
    begun, answers = 0, {}
    for number, events in enumerate(inputs):
        account = dice.randrange(1, ACCOUNTS + 1)
        if dice.random() < 0.1 and account not in late.accounts:
            follow(late, account)
        entry = EventEntry(Position(number + 1, 0), Position(number, 0), events, b"", b"")
        for fold, told in ((whole, first), (late, second)):
            hear(fold.step([entry], 0, (), False).messages, told)
        for account, followed in list(late.accounts.items()):
            if not followed.is_loaded and account not in answers:
                answers[account] = state_of(engine, account)
            elif not followed.is_loaded and dice.random() < 0.3:
                # The answer was some inputs on its way.
                hear(late.updates(account, followed.load(*answers.pop(account))), second)
                begun += 1
            elif followed.is_loaded and dice.random() < 0.02:
                del late.accounts[account]
                second[account] = Told()
    assert begun > 8
    for account in range(1, ACCOUNTS + 1):
        assert sorted(first[account].texts) == list(range(1, engine.account_sequence(account) + 1))
        assert second[account].texts.items() <= first[account].texts.items()
        check_lives(first[account].texts, engine.open_orders(account))


def test_what_is_told_as_it_happens_is_what_the_database_tells_later():
    venue = Trading(31)
    venue.go_on(1_000)
    fold, naive = Fold(Directory()), NaiveTables()
    told = [Told() for _ in range(ACCOUNTS + 1)]
    for account in range(1, ACCOUNTS + 1):
        follow(fold, account).load(0, [])
    kinds = set()
    for entry in venue.entries:
        hear(fold.step([entry], 0, (), False).messages, told)
        naive.read(entry.events)
    for account, updates in naive.updates.items():
        assert told[account].texts == updates
        kinds |= {msgspec.json.decode(text)["e"] for text in updates.values()}
    assert len(kinds) == 7


def hear(messages, told):
    for channel, message in messages:
        if channel.startswith("account."):
            account = int(channel.rpartition(".")[2])
            assert channel == updates_channel(account)
            told[account].read(message)


def check_lives(texts, open_orders):
    """Each order is accepted once and first, ends at most once and last, and what is open at the
    end is what the engine has."""
    lives = {}
    for number in sorted(texts):
        update = msgspec.json.decode(texts[number])
        assert update["seq"] == number
        life = lives.setdefault(update["i"], [])
        if life and life[-1]["X"] in LAST:
            life.clear()  # the generator uses an id again
        if life and life[-1]["X"] == "TriggerPending":
            # Fired, failed or cancelled: it is told for the last time what it waited for.
            assert update["P"] == life[-1]["P"]
            assert update["e"] in {"orderAccepted", "triggerFailed", "orderCancelled"}
        else:
            assert (update["e"] in FIRST) == (not life)
            assert ("P" in update) == (update["e"] == "triggerPlaced")
        life.append(update)
    live = {order_id for order_id, life in lives.items() if life[-1]["X"] not in LAST}
    assert live == {str(order.order_id) for order in open_orders}

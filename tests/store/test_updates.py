"""What was missed is told as it was told: the same bytes, from any number to any other."""

import asyncio
import random

import pytest
from store.database import store
from store.naive import NaiveTables
from store.stream import campaign, trading

from truebook.commandlog.interface import GENESIS
from truebook.history import HistoryUnavailable, TooManyUpdates
from truebook.limits import HISTORY_UPDATES_MAX
from truebook.store.reading import history_of

STREAMS = [(campaign, 11, 6000), (trading, 12, 1500)]


@pytest.fixture(params=STREAMS)
def told(request, database):
    """A database, and each account's updates as they were told."""
    make, seed, size = request.param
    entries, _ = make(seed, size)
    store(database, entries)
    naive = NaiveTables()
    for entry in entries:
        naive.read(entry.events)
    history = history_of(database)
    yield history, naive.updates
    history.close()


def missed(history, account, after, to):
    return asyncio.run(history.updates(account, after, to, GENESIS))


def test_all_updates_of_every_account_are_made_again(told):
    history, updates = told
    assert len(updates) > 5
    for account, expected in updates.items():
        last = max(expected)
        assert list(expected) == list(range(1, last + 1))
        assert missed(history, account, 0, last) == list(expected.values())


def test_updates_are_made_again_from_any_number_to_any_other(told):
    history, updates = told
    rng = random.Random(1)
    for account, expected in updates.items():
        for _ in range(25):
            after = rng.randrange(len(expected))
            to = rng.choice((after, after + 1, min(after + 40, len(expected)), len(expected)))
            wanted = [expected[sequence] for sequence in range(after + 1, to + 1)]
            assert missed(history, account, after, to) == wanted


def test_an_update_that_is_not_there_yet_is_not_passed_over(told):
    history, updates = told
    account, expected = next(iter(updates.items()))
    with pytest.raises(HistoryUnavailable):
        missed(history, account, len(expected) - 1, len(expected) + 1)
    with pytest.raises(HistoryUnavailable):
        missed(history, 999, 0, 1)


def test_too_many_updates_at_once_are_refused(told):
    with pytest.raises(TooManyUpdates):
        missed(told[0], 1, 0, HISTORY_UPDATES_MAX + 1)

"""`truebook bench database` measures what it says, on a small scale."""

import pytest

from truebook.bench.database import measure
from truebook.config import UserError
from truebook.store.reading import state_of


@pytest.mark.night
def test_the_bench_writes_what_it_tells(database):
    told = measure(database, 640, 2000)
    assert told["candles1mCount"] == told["trades"] == 2000
    assert told["candles1hCount"] == 720
    assert 0 < told["tradesOfThem"] < 640
    assert len(state_of(database).tables.orders) > 50
    with pytest.raises(UserError, match="isn't empty"):
        measure(database, 1, 1)

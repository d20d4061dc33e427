"""What the benchmark tells, it tells of the work that was done."""

import numpy as np
import pytest

from truebook.bench.kernel import Options, measure, to_commands, to_entries
from truebook.bench.parts import PARTS, counts_of, fit
from truebook.bench.tape import Tape
from truebook.bench.venue import funded_engine
from truebook.bench.workload import make
from truebook.messages import EVENT_ROW, EVENT_ROW_BYTES, FILL, EventKind

_MASK = (1 << 64) - 1


@pytest.fixture(scope="module")
def events():
    commands = to_commands(make("flow", 3_000, 5))
    engine = funded_engine(1)
    return [engine.apply(entry).events for entry in to_entries(commands, 500)]


def fills_of(events):
    rows = np.frombuffer(events, EVENT_ROW)
    for at in np.flatnonzero(rows["kind"] == EventKind.FILL).tolist():
        yield np.frombuffer(events, FILL, 1, at * EVENT_ROW_BYTES)[0]


def test_the_tape_counts_and_hashes_every_trade(events):
    tape, quantity, trades, word = Tape(), 0, 0, 0
    for batch in events:
        tape.read(batch)
        for fill in fills_of(batch):
            maker, taker = int(fill["maker_order_id"]), int(fill["taker_order_id"])
            price, lots = int(fill["price"]), int(fill["quantity"])
            mixed = maker ^ (taker << 24) ^ (price << 44) ^ (lots << 8)
            word = (word * 0x9E3779B97F4A7C15 + mixed) & _MASK
            trades += 1
            quantity += lots
    assert trades > 100
    assert tape.figures() == {"trades": trades, "quantity": quantity, "tradeHash": f"{word:016x}"}


def test_the_size_of_entries_does_not_change_the_trades(tmp_path):
    path = tmp_path / "flow.bin"
    make("flow", 3_000, 5).tofile(path)
    told = [measure(path, Options(batch=batch)) for batch in (1, 100, 4096)]
    assert len({(one["trades"], one["tradeHash"]) for one in told}) == 1
    assert [one["folds"] for one in told] == [12, 1, 1]


def test_every_accepted_order_rests_or_takes(events):
    counts = dict(zip(PARTS, np.sum([counts_of(batch) for batch in events], axis=0), strict=True))
    rows = np.concatenate([np.frombuffer(batch, EVENT_ROW) for batch in events])
    assert counts["entry"] == len(events)
    assert counts["rest"] + counts["take"] == (rows["kind"] == EventKind.ACCEPTED).sum()
    assert min(counts["rest"], counts["take"]) > 100


def test_parts_are_found_in_what_entries_took():
    random = np.random.default_rng(3)
    counts = random.integers(0, 60, (2_000, len(PARTS)))
    counts[:, 0], counts[:, 4] = 1, 0
    each = np.array([900, 70, 30, 200, 0, 50, 15])
    found = fit(counts, counts @ each + random.integers(0, 20, 2_000))
    assert "cancel" not in found
    assert found["explained"] > 0.99
    for name, ns in zip(PARTS, each.tolist(), strict=True):
        assert name == "cancel" or abs(found[name] - ns) < 30

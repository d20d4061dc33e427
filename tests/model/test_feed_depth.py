"""A book kept from a snapshot and what is published equals the engine's, whatever is traded."""

import random

import msgspec
import pytest
from model.commands import Commands
from model.engines import CANDIDATES, candidate
from store.trading import Trading

from truebook.commandlog.interface import EventEntry, Position
from truebook.directory import Directory
from truebook.feed import fold as folding
from truebook.feed.channels import DEPTH_PERIODS_MS, depth_channel
from truebook.feed.fold import Fold, chain_name
from truebook.units import show

PERIODS = tuple(DEPTH_PERIODS_MS)


class Reader:
    """Keeps a book as a client does: absolute sizes, and no number left out."""

    def __init__(self, sequence, bids, asks):
        self.sequence = sequence
        self.sides = (bids, asks)

    def follows(self, update):
        return update["U"] == self.sequence + 1 <= update["u"]

    def read(self, update):
        assert self.follows(update), (update, self.sequence)
        self.sequence = update["u"]
        for side, levels in zip(self.sides, (update["b"], update["a"]), strict=True):
            for price, lots in levels:
                side[price] = lots
                if lots == "0":
                    del side[price]


class Venue:
    """An engine, its event stream, a feed on it and readers of all that it publishes."""

    def __init__(self, seed, engine=None):
        self.engine = engine or candidate(next(iter(CANDIDATES)))
        self.random = random.Random(seed)
        self.stream = []
        self.fold = Fold(Directory())
        self.readers = {}
        self.told = {}
        self.gaps = 0
        self.cut = set()
        """Channels whose readers will see a gap, in the next update."""

    def apply(self, entries):
        """Give the engine an input; its events become one entry of the stream."""
        self.take(self.engine.apply(entries).events)

    def take(self, events):
        """Take what the engine made of an input."""
        end = len(self.stream)
        entry = EventEntry(Position(end + 1, 0), Position(end, 0), events, b"", b"")
        self.stream.append(entry)

    def make_pass(self, periods=()):
        """Fold what waits, load what is lost, and read what is published."""
        waiting = self.stream[self.fold.position.high :]
        self.hear(self.fold.step(waiting, 0, (), False))
        for number, stream in self.fold.markets.items():
            if stream.depth.must_load:
                self.load(number)
        self.hear(self.fold.step([], 0, periods, False))

    def load(self, number):
        bids, asks = (dict(levels.tolist()) for levels in self.engine.depth(number))
        sequence = self.engine.market_figures(number)[0]
        depth = self.fold.market(number).depth
        was_told = depth.sequence
        assert depth.load(bids, asks, sequence)
        if was_told < depth.sequence:
            self.cut |= {depth_channel(self.fold.market(number).market.symbol, p) for p in PERIODS}

    def hear(self, made):
        self.told.update(made.told)
        for channel, text in made.messages:
            if channel.startswith("depth."):
                update = msgspec.json.decode(text)
                reader = self.readers.get(channel)
                if reader is not None and reader.follows(update):
                    reader.read(update)
                    self.cut.discard(channel)
                else:
                    if reader is not None:
                        self.cut.remove(channel)
                        self.gaps += 1
                    self.start_reader(channel, update["s"])

    def start_reader(self, channel, symbol):
        """As a client does after a gap: a snapshot."""
        market = self.fold.directory.market_by_symbol[symbol]
        depth = self.fold.market(market.number).depth
        sides = [
            {show(price, market.tick): show(lots, market.step) for price, lots in side}
            for side in depth.snapshot()
        ]
        self.readers[channel] = Reader(depth.sequence, *sides)

    def compare(self, periods):
        """The books of the readers of these periods, and the feed's, are the engine's."""
        for number, stream in self.fold.markets.items():
            market, depth = stream.market, stream.depth
            assert depth.can_tell
            levels = [list(map(tuple, side.tolist())) for side in self.engine.depth(number)]
            assert depth.sequence == self.engine.market_figures(number)[0]
            assert depth.snapshot() == (levels[0][::-1], levels[1])
            assert depth.snapshot(3) == (levels[0][:3][::-1], levels[1][:3])
            assert depth.best() == tuple(side[0] if side else None for side in levels)
            for period in periods:
                reader = self.readers.get(depth_channel(market.symbol, period))
                if reader is not None and depth_channel(market.symbol, period) not in self.cut:
                    assert reader.sequence == depth.sequence
                    for kept, side in zip(reader.sides, levels, strict=True):
                        shown = {show(p, market.tick): show(q, market.step) for p, q in side}
                        assert kept == shown

    def restart(self):
        """A new feed takes over from the notes of the old one."""
        position, told = self.noted
        self.fold = Fold(Directory())
        self.fold.begin(position, told)
        rows = self.engine.asset_settings() + self.engine.market_settings()
        self.fold.directory.load(self.stream[-1].position, rows)
        for number in self.fold.directory.markets:
            self.load(number)
            names = {period: chain_name(number, period) for period in PERIODS}
            told = {period: self.told[name] for period, name in names.items() if name in self.told}
            self.fold.market(number).depth.resume(told)


@pytest.fixture(autouse=True)
def ways_of_folding(request, monkeypatch):
    """Every other seed folds all that waits together, however little it is."""
    if request.node.callspec.params["seed"] % 2:
        monkeypatch.setattr(folding, "TOGETHER_BYTES_MIN", 0)


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_book_kept_from_all_updates_is_the_engines_at_every_period(seed):
    venue = Venue(seed)
    for entries in Commands(seed, 2).inputs(10_000, 64):
        venue.apply(entries)
        if venue.random.random() < 0.5:
            periods = venue.random.sample(PERIODS[1:], venue.random.randrange(4))
            venue.make_pass(periods)
            venue.compare(["", *periods])
    venue.make_pass(PERIODS[1:])
    venue.compare(PERIODS)
    assert len(venue.readers) == len(PERIODS) * len(venue.fold.markets)
    assert venue.gaps == 0


@pytest.mark.parametrize("seed", range(5, 7))
def test_pending_orders_are_counted_and_not_in_the_book(seed):
    trading = Trading(seed)
    venue = Venue(seed, trading.engine)
    for entry in trading.entries:
        venue.take(entry.events)
    for _ in range(300):
        for entry in trading.go_on(4):
            venue.take(entry.events)
        periods = venue.random.sample(PERIODS[1:], venue.random.randrange(4))
        venue.make_pass(periods)
        venue.compare(["", *periods])
    assert venue.gaps == 0


@pytest.mark.parametrize("seed", range(11, 15))
def test_a_feed_restarted_anywhere_goes_on_behind_its_last_update(seed):
    venue = Venue(seed)
    restarts = 0
    for entries in Commands(seed, 2).inputs(6_000, 16):
        venue.apply(entries)
        if venue.random.random() < 0.5:
            periods = venue.random.sample(PERIODS[1:], venue.random.randrange(4))
            venue.make_pass(periods)
            venue.compare(["", *periods])
            venue.noted = venue.fold.resume_position, venue.fold.told_position
        elif venue.fold.markets and venue.random.random() < 0.2:
            venue.restart()
            restarts += 1
    venue.make_pass(PERIODS[1:])
    venue.compare(PERIODS)
    assert restarts > 20
    # What is left are amendments of orders that the new feed hasn't seen: they don't say where the
    # order stood before. Readers heal themselves, by a snapshot.
    assert venue.gaps < restarts * len(venue.readers) / 10

"""Whoever edits an engine's memory is found out: which engine, what, both values, since when."""

import itertools

import numpy as np
import pytest
from nacl.signing import SigningKey
from unit.node.test_node import Exchange, work
from venue.reached import reached

from truebook import commands
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.halts import MemoryHaltBook, Standing
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.memory import MemoryPublisher, MemorySubscription
from truebook.commandlog.memory_attestations import MemoryAttestations
from truebook.engine.fast import FastEngine
from truebook.engine.layout import ACCOUNT_BITS
from truebook.engine.scrubbing.fast import FastScrubber
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import OrderType, Permission, Side
from truebook.queries import Query, encode_query
from truebook.verify.engines import Engines
from truebook.verify.truth import Truth
from truebook.verify.witness import Witness
from truebook.verify.witness_folder import Remembered, WitnessFolder
from truebook.vigil import Vigil

NAMES = ("engine-1", "engine-2", "engine-3")
ACCOUNTS = 20
IDLE = 19
FAR = 1 << 44
"""The account that never trades, and its order."""
NOTHING_KNOWN = Remembered()
KEY = bytes(SigningKey(bytes(32)).verify_key)


class Waiting(Engines):
    """While it waits for an answer the engines work."""

    def __init__(self, venue, *parts):
        super().__init__(*parts)
        self._venue = venue

    def _wait(self, seconds):
        self._venue.step()
        self._venue.clock.advance(0.1)


class Venue(Exchange):
    """Three engines, some of them replaced now and then, a witness, and orders that trade."""

    def __init__(self, folder):
        super().__init__(folder)
        self.book = MemoryHaltBook()
        self.keys = {name: SigningKey.generate() for name in NAMES}
        self.sequences = itertools.count(1)
        self.orders = itertools.count(1)
        self.random = np.random.default_rng(7)
        self.engines = {}
        self.place = "0-0"
        self.followed = 0
        self.witness = self.made_witness()
        self.found()
        for name in NAMES:
            self.start(name)
        self.trade(10)

    def made_witness(self, known=NOTHING_KNOWN):
        answers = MemorySubscription(self.bus, "witness")
        engines = Waiting(self, MemoryPublisher(self.bus), answers, "witness", self.clock)
        truth = Truth(reached(self.log), FastEngine)
        return Witness(truth, engines, self.book, self.clock, known.agreed, known.dealt_with)

    def begin_witness_again(self, folder, place):
        """Another process, which hears again what came behind a place."""
        old, kept = self.witness, WitnessFolder(folder)
        kept.save(Remembered.of(place, old.agreed, old.condemned))
        known = kept.load()
        self.witness = self.made_witness(known)
        self.place, self.followed = known.place, 0

    def start(self, name):
        """A new process for the engine of that name."""
        vigil = Vigil(
            name,
            lambda: self.keys[name],
            MemoryAttestations(self.bus),
            self.book,
            FastScrubber,
            self.clock,
        )
        old = self.engines.get(name)
        if old is not None:
            self.nodes.remove(old)
            old.close()
        node = super().node(name, FastEngine())
        node.vigil = vigil
        self.engines[name] = node
        work(node)

    def step(self):
        """A round of everybody's; who was told to begin again does."""
        for node in list(self.nodes):
            node.step()
        for name, node in self.engines.items():
            if node._is_stopping:
                self.start(name)

    def send(self, *records):
        data = b"".join(records)
        self.log.append(pack_entry(1, next(self.sequences), data))

    def found(self):
        settings = list(commands_of(DEFAULT_VENUE))
        for number in range(1, ACCOUNTS):
            settings.append(commands.set_account(name=f"member {number}"))
            for asset in range(4):
                settings.append(commands.deposit(account=number, asset=asset, amount=10**15))
        settings.append(commands.set_key(account=1, public_key=KEY, permissions=Permission.READ))
        for slot, (name, key) in enumerate(self.keys.items()):
            public = bytes(key.verify_key)
            settings.append(
                commands.set_attester(slot=slot, public_key=public, name=name, trusted=True)
            )
        self.send(*settings)
        far = {"order_id": FAR, "side": Side.BID, "price": 8_000, "quantity": 40}
        order_type = OrderType.LIMIT
        self.send(commands.place(account=IDLE, market=0, order_type=order_type, **far))

    def trade(self, rounds):
        """Orders near 100, a few at a time; all engines and the witness keep up."""
        for _ in range(rounds):
            self.send(*(self.order() for _ in range(5)))
            self.clock.advance(0.02)
            self.step()
            self.look()

    def order(self):
        side = int(self.random.integers(0, 2))
        return commands.place(
            account=int(self.random.integers(1, IDLE)),
            market=0,
            order_id=next(self.orders) + (1 << 43),
            side=Side(side),
            order_type=OrderType.LIMIT,
            price=int(self.random.integers(9_000, 10_000)) + side * 990,
            quantity=int(self.random.integers(1, 50)),
        )

    def look(self):
        """What the witness's process does."""
        for entry in self.log.entries[self.followed :]:
            self.witness.attesters.follow(entry)
        self.followed = len(self.log.entries)
        for place, message in MemoryAttestations(self.bus).after(self.place, 1000):
            self.place = place
            self.witness.hear(message)

    def resume(self):
        """What `truebook resume` does: the stream ends where it is true."""
        truth = Truth(reached(self.log), FastEngine)
        kept = [e for e in self.bus.entries if truth.at(e.position).event_hash == e.event_hash]
        assert kept == self.bus.entries[: len(kept)]
        self.bus.entries[:] = kept
        self.book.standing = Standing()

    def pool(self, name, pool):
        return self.engines[name].engine._pool(pool)

    def edit(self, name, pool, slot, field, change):
        records = self.pool(name, pool)
        before = int(records[slot][field])
        records[slot][field] = change(before)
        return before, int(records[slot][field])

    def resting(self, name):
        """The slot of the order that never trades."""
        orders = self.pool(name, "orders")[:2_000]
        return int(np.flatnonzero(orders["order_id"] == FAR)[0])

    def until_found(self):
        """Trade until there is a verdict more; how many commands it took."""
        verdicts = len(self.witness.verdicts)
        for commands_sent in range(0, 1024, 5):
            self.trade(1)
            if len(self.witness.verdicts) > verdicts:
                return commands_sent
        raise AssertionError("not found within 1,024 commands")

    def standby(self):
        return next(n for n in NAMES if not self.engines[n]._publication.is_active)

    def active(self):
        return next(n for n in NAMES if self.engines[n]._publication.is_active)


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    venue = Venue(tmp_path_factory.mktemp("venue"))
    yield venue
    for node in venue.nodes:
        node.close()


def tampered(venue, name, what):
    """Edit something; how the verdict must tell it."""
    if what == "balance":
        slot = 0 << (ACCOUNT_BITS + 2) | IDLE << 2 | 1
        before, after = venue.edit(name, "balances", slot, "available", lambda x: x + 1_000)
        return f"balance of account {IDLE} in asset 1", before, after
    if what == "quantity":
        slot = venue.resting(name)
        order = int(venue.pool(name, "orders")[slot]["order_id"])
        before, after = venue.edit(name, "orders", slot, "remaining", lambda x: x + 7)
        return f"order {order}", f"remaining {before}", f"remaining {after}"
    if what == "level":
        level = int(venue.pool(name, "orders")[venue.resting(name)]["level"])
        before, after = venue.edit(name, "levels", level, "quantity", lambda x: x + 7)
        return "quantity of level", before, after
    if what == "tier":
        before, after = venue.edit(name, "tiers", 0, "taker_bp", lambda x: x + 1)
        return "tier 0", f"taker_bp {before}", f"taker_bp {after}"
    if what == "permission":
        before, after = venue.edit(name, "keys", 0, "permissions", lambda x: x | 2)
        return "key 0", f"permissions {before}", f"permissions {after}"
    if what == "supply":
        before, after = venue.edit(name, "assets", 1, "supply", lambda x: x - 1)
        return "supply of asset 1", before, after
    if what == "attester":
        before, after = venue.edit(name, "attesters", 1, "trusted", lambda x: 1 - x)
        return "attester 1", f"trusted {before}", f"trusted {after}"
    slot = venue.resting(name)
    order = int(venue.pool(name, "orders")[slot]["order_id"])
    bit = 1 << int(venue.random.integers(0, 40))
    before, after = venue.edit(name, "orders", slot, "executed_quote", lambda x: x ^ bit)
    return f"order {order}", f"executed_quote {before}", f"executed_quote {after}"


EDITS = ("balance", "quantity", "level", "tier", "permission", "supply", "attester", "bit")


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_standby_is_named_with_both_values_and_begins_again(venue, what):
    venue.trade(10)
    name = venue.standby()
    place, before, after = tampered(venue, name, what)
    venue.until_found()
    verdict = venue.witness.verdicts[-1]
    assert verdict.engine == name
    assert not verdict.published
    assert place in verdict.what
    for value in (before, after):
        assert str(value) in verdict.what
    assert verdict.agreed != "no known position"
    venue.trade(5)
    hashes = {node.engine.state_hash() for node in venue.nodes}
    assert len(hashes) == 1


@pytest.mark.parametrize("what", ["balance", "tier"])
def test_an_edited_engine_that_publishes_halts_the_venue_until_it_is_resumed(venue, what, tmp_path):
    venue.trade(10)
    name, heard = venue.active(), venue.place
    place, before, after = tampered(venue, name, what)
    venue.until_found()
    verdict = venue.witness.verdicts[-1]
    assert (verdict.engine, verdict.published) == (name, True)
    assert place in verdict.what
    assert str(before) in verdict.what
    assert str(after) in verdict.what
    assert venue.book.standing.halt.engine == name
    published = len(venue.bus.entries)
    venue.clock.advance(10)
    venue.trade(5)
    assert len(venue.bus.entries) == published
    venue.resume()
    venue.bus.publish(QUERIES_CHANNEL, encode_query(Query(1, "nobody", "0-0", "resume")))
    venue.begin_witness_again(tmp_path, heard)
    venue.trade(30)
    assert venue.witness.verdicts == []
    assert len(venue.bus.entries) > published
    assert len({node.engine.state_hash() for node in venue.nodes}) == 1


def test_what_is_signed_with_a_retired_key_counts_for_nothing(venue):
    venue.trade(10)
    name = venue.standby()
    old, new = venue.keys[name], SigningKey.generate()
    slot, public = NAMES.index(name), bytes(new.verify_key)
    refused, verdicts = venue.witness.refused, len(venue.witness.verdicts)
    venue.send(commands.set_attester(slot=slot, public_key=public, name=name, trusted=True))
    venue.trade(20)
    assert venue.witness.refused > refused
    assert venue.witness.attesters.name_of(bytes(old.verify_key)) == name
    venue.keys[name] = new
    refused = venue.witness.refused
    venue.trade(20)
    assert venue.witness.refused == refused
    assert len(venue.witness.verdicts) == verdicts


def test_trading_raises_no_alarm(venue):
    verdicts = len(venue.witness.verdicts)
    venue.trade(60)
    assert len(venue.witness.verdicts) == verdicts
    assert venue.witness.agreed.position >= venue.log.entries[-15].position

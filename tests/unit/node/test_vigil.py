"""An engine that keeps watch attests where all do, and stands still once something is wrong."""

import pytest
from nacl.signing import SigningKey
from unit.node.test_node import Exchange, account, ends, work

from truebook.commandlog.attestations import EVERY_ENTRIES, NotAnAttestation, read
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.halts import Halt, MemoryHaltBook, Standing
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.memory import MemorySubscription
from truebook.commandlog.memory_attestations import MemoryAttestations
from truebook.commandlog.quorum import VOTES_CHANNEL, Quorum
from truebook.engine.naive.engine import NaiveEngine
from truebook.faults import Fault
from truebook.queries import Query, encode_query
from truebook.vigil import COMMANDS_AT_ONCE_MIN, IDLE_S, Vigil

FAULT = Fault("balance of account 1 in asset 0", "available 7", "available 6")


class Looking:
    """A scrubber that finds what it is told to."""

    def __init__(self):
        self.fault = None

    def applied(self, events, gateways):
        pass

    def scrub(self, commands):
        return self.fault


class Watched(Exchange):
    """Engines with a vigil each."""

    def __init__(self, folder):
        super().__init__(folder)
        self.book = MemoryHaltBook()
        self.scrubbers = {}
        self.keys = {}

    def node(self, name="engine-0", engine=None, build="1", quorum=None):
        node = super().node(name, engine, build)
        key = self.keys[name] = SigningKey.generate()
        scrubber = self.scrubbers[name] = Looking()
        stream = MemoryAttestations(self.bus)
        node.vigil = Vigil(
            name, lambda: key, stream, self.book, lambda engine: scrubber, self.clock
        )
        return node

    def attested(self):
        return [read(message) for message in self.bus.attestations]

    def tell(self, kind, name=""):
        self.bus.publish(QUERIES_CHANNEL, encode_query(Query(1, "nobody", "0-0", kind, name=name)))


@pytest.fixture
def exchange(tmp_path):
    exchange = Watched(tmp_path)
    yield exchange
    for node in exchange.nodes:
        node.close()


def test_engines_attest_the_same_at_the_same_positions_however_they_batch(exchange):
    one, two = exchange.node("engine-1"), exchange.node("engine-2")
    assert one.start()
    assert two.start()
    for number in range(EVERY_ENTRIES + 10):
        exchange.write(f"n{number}")
        exchange.clock.advance(0.003)
        if number % 7 == 0:
            work(one)
    work(two)
    work(one)
    by_key = {}
    for attestation in exchange.attested():
        by_key.setdefault(attestation.key, []).append(attestation.of)
    ours, theirs = by_key.values()
    assert ours == theirs
    assert EVERY_ENTRIES in [of.entries for of in ours]
    spans = [of.position.high // 100 for of in ours if of.entries != EVERY_ENTRIES]
    assert len(spans) == len(set(spans)) == (EVERY_ENTRIES + 10) * 3 // 100 + 1


def test_what_nobody_signed_is_no_attestation(exchange):
    exchange.clock.advance(1)
    node = exchange.node()
    assert node.start()
    exchange.write("a")
    work(node)
    (message,) = exchange.bus.attestations
    for at in (0, 70, 100, len(message) - 1):
        spoilt = bytearray(message)
        spoilt[at] ^= 1
        with pytest.raises(NotAnAttestation):
            read(bytes(spoilt))
    with pytest.raises(NotAnAttestation):
        read(message[:-1])


def test_an_engine_that_publishes_and_finds_a_fault_halts_the_venue(exchange):
    active, standby = exchange.node("engine-1"), exchange.node("engine-2")
    exchange.write("a")
    work(active, standby)
    exchange.scrubbers["engine-1"].fault = FAULT
    exchange.clock.advance(IDLE_S)
    exchange.write("b")
    work(active)
    assert exchange.book.standing.halt.engine == "engine-1"
    assert exchange.attested()[-1].fault == FAULT
    exchange.write("c")
    exchange.clock.advance(10)
    before = len(exchange.bus.entries)
    work(active, standby)
    assert len(exchange.bus.entries) == before
    assert standby.status()["reason"].startswith("engine-1 is not what its log says")


def test_commands_are_looked_for_faults_where_no_moment_is_idle(exchange):
    node = exchange.node("engine-1")
    exchange.write("a")
    work(node)
    exchange.scrubbers["engine-1"].fault = FAULT
    for number in range(COMMANDS_AT_ONCE_MIN):
        assert exchange.book.standing.halt is None
        exchange.write(f"n{number}")
    work(node)
    assert exchange.book.standing.halt.engine == "engine-1"


def test_a_standby_that_finds_a_fault_keeps_it_to_the_witness(exchange):
    active, standby = exchange.node("engine-1"), exchange.node("engine-2")
    exchange.write("a")
    work(active)
    work(standby)
    exchange.write("b")
    work(active, standby)
    exchange.write("c")
    work(active, standby)
    standby._publication.is_active = False
    exchange.scrubbers["engine-2"].fault = FAULT
    exchange.clock.advance(1)
    work(standby)
    assert exchange.book.standing.halt is None
    assert exchange.attested()[-1].fault == FAULT
    exchange.write("d")
    work(active, standby)
    assert active.position > standby.position


def test_a_halt_outlasts_the_engines(exchange):
    exchange.write("a")
    exchange.book.standing = Standing(Halt("engine-9", "", "", "1-0", "something"))
    node = exchange.node()
    work(node)
    assert not exchange.bus.entries
    assert node.status()["halted"]
    exchange.book.standing = Standing()
    exchange.tell("verdict")
    work(node)
    assert len(exchange.bus.entries) == 1


def test_an_engine_that_made_other_events_neither_publishes_nor_ends(exchange):
    exchange.write("a")
    work(exchange.node("engine-1"))
    tampered = NaiveEngine()
    tampered.apply(pack_entry(9, 1, account("intruder")))
    exchange.write("b")
    node = exchange.node("engine-2", tampered)
    work(node)
    assert len(exchange.bus.entries) == 1
    assert "event hash" in node.status()["reason"]
    assert node.position == exchange.log.entries[-1].position


def test_an_engine_that_is_told_to_begin_again_ends(exchange):
    one, two = exchange.node("engine-1"), exchange.node("engine-2")
    work(one, two)
    exchange.tell("restart", "engine-2")
    work(one, two)
    assert (one._is_stopping, two._is_stopping) == (False, True)


class Voting(Watched):
    """Engines of which two must agree."""

    def node(self, name="engine-0", engine=None, build="1", quorum=None):
        node = super().node(name, engine, build)
        quorum = Quorum(
            2,
            lambda: self.keys[name],
            node._publisher,
            MemorySubscription(self.bus, VOTES_CHANNEL),
            lambda: frozenset(bytes(key.verify_key) for key in self.keys.values()),
        )
        node._quorum = node._publication._quorum = quorum
        return node


@pytest.fixture
def voting(tmp_path):
    exchange = Voting(tmp_path)
    yield exchange
    for node in exchange.nodes:
        node.close()


def test_with_a_quorum_of_two_nothing_leaves_before_two_agree(voting):
    one, two = voting.node("engine-1"), voting.node("engine-2")
    work(one, two)
    voting.write("a")
    voting.write("b")
    work(one)
    assert not voting.bus.entries
    work(two, one)
    assert len(voting.bus.entries) == 2
    assert ends(one) == ends(two)


def test_with_a_quorum_of_two_an_engine_that_makes_other_events_tells_nobody(voting):
    tampered = NaiveEngine()
    tampered.apply(pack_entry(9, 1, account("intruder")))
    one, two = voting.node("engine-1", tampered), voting.node("engine-2")
    work(one, two)
    voting.write("a")
    voting.clock.advance(5)
    work(one, two, one)
    assert not voting.bus.entries

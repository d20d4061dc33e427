"""Who is trusted where: from the log alone."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import LogEntry, Position
from truebook.commandlog.keyfile import LOOK_S, NewKey, OwnKey, attestation_key
from truebook.engine.naive.engine import NaiveEngine
from truebook.limits import ATTESTERS_MAX
from truebook.messages import REPLY
from truebook.people.admin import Why
from truebook.people.attesters import KnownAttesters, replace, retire, trust
from truebook.people.errors import Missing, Unacceptable
from truebook.verify.attesters import Attesters

ONE, TWO = bytes(range(32)), bytes(range(1, 33))
WHY = Why("me", "because")


class Venue:
    """An engine that carries out what is asked of it, and who follows its log."""

    def __init__(self):
        self.engine = NaiveEngine()
        self.attesters = Attesters()
        self.position = Position(0, 0)

    async def send_and_await(self, records, commands, once):
        self.position = Position(self.position.high + 1, 0)
        data = pack_entry(1, self.position.high, records)
        entry = LogEntry(self.position, 1, data)
        self.attesters.follow(entry)
        replies = self.engine.apply(for_engine(entry)).replies
        return SimpleNamespace(replies=np.frombuffer(replies, REPLY)[-commands:])

    @property
    def known(self):
        return KnownAttesters(self.engine.attester_settings())

    def do(self, what, *arguments):
        asyncio.run(what(self, self.known, *arguments, WHY))
        return self.position


@pytest.fixture
def venue():
    venue = Venue()
    asyncio.run(venue.send_and_await(commands.set_rules(version=2), 1, None))
    return venue


def test_a_retired_key_counts_for_positions_before_and_for_none_behind(venue):
    begun = venue.do(trust, "engine-1", ONE)
    ended = venue.do(retire, "engine-1")
    of, before = venue.attesters, Position(ended.high - 1, 5)
    assert venue.attesters.trusted == {}
    assert (of.name_at(ONE, begun), of.name_at(ONE, before)) == ("engine-1", "engine-1")
    assert (of.name_at(ONE, ended), of.name_at(ONE, Position(99, 0))) == (None, None)
    assert of.name_at(ONE, Position(begun.high - 1, 0)) is None
    assert of.name_of(ONE) == "engine-1"


def test_a_replaced_key_and_the_new_one_are_never_trusted_both(venue):
    begun = venue.do(trust, "engine-1", ONE)
    replaced = venue.do(replace, "engine-1", TWO)
    assert venue.attesters.trusted == {TWO: "engine-1"}
    for high in range(begun.high, replaced.high + 3):
        at = Position(high, 0)
        names = [venue.attesters.name_at(key, at) for key in (ONE, TWO)]
        assert sorted(names, key=str) == [None, "engine-1"], at
    assert [(a.key, a.trusted) for a in venue.known.attesters] == [(ONE, False), (TWO, True)]


def test_an_old_key_is_refused_and_a_name_without_one_is_told(venue):
    venue.do(trust, "engine-1", ONE)
    with pytest.raises(Unacceptable, match="is trusted already"):
        venue.do(trust, "engine-1", ONE)
    venue.do(replace, "engine-1", TWO)
    with pytest.raises(Unacceptable, match="was set before"):
        venue.do(replace, "engine-1", ONE)
    with pytest.raises(Missing):
        venue.do(retire, "engine-2")


def test_one_key_is_retired_by_the_key_itself(venue):
    venue.do(trust, "engine-1", ONE)
    venue.do(trust, "engine-1", TWO)
    venue.do(retire, ONE.hex())
    assert venue.attesters.trusted == {TWO: "engine-1"}


def test_keys_can_be_replaced_for_ever(venue):
    venue.do(trust, "engine-1", ONE)
    for number in range(ATTESTERS_MAX + 5):
        venue.do(replace, "engine-1", number.to_bytes(32, "big")[::-1] if number else TWO)
    assert list(venue.attesters.trusted.values()) == ["engine-1"]
    assert len(venue.known.attesters) == ATTESTERS_MAX


def test_an_engine_signs_with_its_new_key_once_the_log_trusts_that(tmp_path):
    old, clock = attestation_key(tmp_path, "engine-1"), ManualClock()
    trusted = {bytes(old.verify_key)}
    key = OwnKey(lambda: attestation_key(tmp_path, "engine-1"), lambda: frozenset(trusted), clock)
    new = NewKey(tmp_path, "engine-1")
    assert NewKey(tmp_path, "engine-1").public == new.public, "who was interrupted goes on"
    new.put_in_place()
    clock.advance(2 * LOOK_S)
    assert key() == old, "as long as the log trusts the old one"
    trusted.clear()
    clock.advance(2 * LOOK_S)
    assert key() == old, "there is no better one yet"
    trusted.add(new.public)
    clock.advance(2 * LOOK_S)
    assert bytes(key().verify_key) == new.public


def test_an_engine_whose_key_file_is_damaged_goes_on_with_the_key_it_has(tmp_path):
    key, clock = attestation_key(tmp_path, "engine-1"), ManualClock()
    own = OwnKey(lambda: attestation_key(tmp_path, "engine-1"), frozenset, clock)
    (tmp_path / "engine-1.key").write_bytes(b"")
    clock.advance(2 * LOOK_S)
    assert own() == key

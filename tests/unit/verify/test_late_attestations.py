"""What engines said before it became a fact that they all came late convicts nobody."""

import pytest
from nacl.signing import SigningKey
from venue.reached import reached
from venue.snapshotted import Exchange

from truebook import commands
from truebook.commandlog.attestations import sign
from truebook.commandlog.halts import MemoryHaltBook
from truebook.commandlog.interface import Position
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.engine.naive.engine import NaiveEngine
from truebook.verify.truth import Truth
from truebook.verify.witness import Witness
from truebook.verify.witness_folder import WitnessFolder
from truebook.verify.witnessing import Witnessing

HASTY, PATIENT = (SigningKey(bytes([number]) * 32) for number in (1, 2))
LATE_S = 60.0
"""Longer than any deadline."""


class Accused:
    """Engines that are asked nothing, and told what a witness tells them."""

    def __init__(self):
        self.told = []

    def status(self, expected):
        return {}

    def records(self, name):
        return None

    def tell(self, order, name=""):
        self.told.append((order, name))


class Late:
    """An order that was reached in time, as one engine had it, until a recovery said otherwise."""

    def __init__(self, folder):
        self.exchange = Exchange(folder)
        self.exchange.found()
        self.log = self.exchange.log
        for slot, (name, key) in enumerate((("hasty", HASTY), ("patient", PATIENT))):
            public = bytes(key.verify_key)
            trusted = commands.set_attester(slot=slot, public_key=public, name=name, trusted=True)
            self.exchange.write(trusted)
        self.settled = self.log.last_position()
        self.exchange.trade(2)
        self.order = self.log.last_position()
        self.engines = Accused()
        truth = Truth(reached(self.log), NaiveEngine)
        self.witness = Witness(truth, self.engines, MemoryHaltBook(), self.exchange.clock)
        for entry in self.log.entries:
            self.witness.attesters.follow(entry)

    def right_at(self, position):
        """What an engine says that begins now."""
        return Truth(reached(self.log), NaiveEngine).at(position)

    def recover(self):
        """It is a fact now that what stands behind the settled was reached late."""
        self.exchange.clock.advance(LATE_S)
        assert MemoryRecoveryBook(self.log).append(0, self.settled)
        return self.log.last_position()

    def hear(self, key, of):
        self.witness.hear(sign(key, of, None))


@pytest.fixture
def late(tmp_path):
    return Late(tmp_path)


@pytest.mark.parametrize("is_known_before", [False, True])
def test_who_was_overtaken_is_not_accused(late, is_known_before):
    said = late.right_at(late.order)
    late.hear(HASTY, said)
    if is_known_before:
        late.witness.check_alone()
    late.recover()
    right = late.right_at(late.order)
    assert right != said
    late.hear(PATIENT, right)
    assert late.witness.verdicts == []
    assert late.witness.agreed == right


def test_behind_the_recovery_it_is_accused(late):
    late.hear(HASTY, late.right_at(late.order))
    position = late.recover()
    right = late.right_at(position)
    late.hear(PATIENT, late.right_at(late.order))
    late.hear(PATIENT, right)
    late.hear(HASTY, right._replace(state_hash=bytes(16)))
    (verdict,) = late.witness.verdicts
    assert (verdict.engine, Position.parse(verdict.first)) == ("hasty", position)
    assert late.engines.told == [("restart", "hasty")]


def test_two_who_say_the_same_of_what_became_late_are_not_gone_by(late):
    said = late.right_at(late.order)
    late.hear(HASTY, said)
    late.hear(PATIENT, said)
    assert late.witness.agreed == said
    position = late.recover()
    right = late.right_at(position)
    late.hear(PATIENT, right)
    late.hear(HASTY, right._replace(event_hash=bytes(32)))
    (verdict,) = late.witness.verdicts
    assert verdict.agreed == "no known position"


def test_the_truth_is_made_again_where_it_stood_before_the_recovery(late):
    said = late.right_at(late.order)
    late.hear(PATIENT, said)
    late.witness.check_alone()
    late.recover()
    wrong = said._replace(state_hash=bytes(16))
    late.hear(HASTY, wrong)
    late.hear(PATIENT, late.right_at(late.order))
    assert late.witness.verdicts == []


class Nothing:
    """No attestations come, and there is nothing to give back."""

    def after(self, place, count):
        return []


def test_the_witness_goes_on_when_it_becomes_a_fact_that_something_was_late(late, tmp_path):
    log, folder = reached(late.log), WitnessFolder(tmp_path / "witness")
    clock, book = late.exchange.clock, MemoryHaltBook()
    process = Witnessing(late.witness, log, Nothing(), book, late.engines, folder, clock)
    while process.step():
        pass
    last = late.recover()
    for _ in range(3):
        process.step()
    assert process.trouble == ""
    assert process._followed == last

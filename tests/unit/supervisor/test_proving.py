"""Proofs that `truebook up` has made: soon, then when they are due, and never in the way."""

import asyncio
import sys

import pytest
from venue.inmemory import until
from venue.installed import is_alive

from truebook.clock import ManualClock
from truebook.commandlog.interface import Position
from truebook.proof.folder import ProofFolder
from truebook.supervisor import proving
from truebook.supervisor.childlog import ChildLog
from truebook.supervisor.processes import NotStarted, RoleProcess
from truebook.supervisor.proving import Proving

HOUR_S = 3600.0


class Prover:
    """Makes what a test wants of the processes that are to make proofs."""

    def __init__(self, folder):
        self.clock = ManualClock(10 * 3_600_000)
        self.proofs = ProofFolder(folder / "proofs")
        self.code = "pass"
        self.log = ChildLog(folder / "proof.log")
        self.processes = []
        self.told = []
        self.proving = Proving(HOUR_S, self.proofs, self.start, self.clock, self.told.append)

    async def start(self):
        if not self.code:
            raise NotStarted("no such program")
        process = await RoleProcess.start((sys.executable, "-c", self.code), {}, self.log)
        self.processes.append(process)
        if self.code == "pass":
            self.proofs.write(Position(self.clock.now_ms(), 0), "", [], 3)
        return process

    async def run_until(self, condition):
        running = asyncio.create_task(self.proving.run())
        await until(condition)
        running.cancel()
        await asyncio.wait({running})


@pytest.fixture
def prover(tmp_path, monkeypatch):
    monkeypatch.setattr(proving, "FIRST_S", 0.0)
    monkeypatch.setattr(proving, "AGAIN_S", 0.01)
    prover = Prover(tmp_path)
    yield prover
    prover.log.close()


def test_the_first_proof_is_made_soon_and_the_next_after_an_interval(prover):
    assert prover.proving._due_s() == 0
    asyncio.run(prover.run_until(lambda: prover.processes and prover.proving._due_s() == HOUR_S))
    assert len(prover.processes) == 1
    prover.clock.advance(HOUR_S - 1)
    assert prover.proving._due_s() == 1
    assert prover.told == []


def test_a_proof_that_fails_is_told_once_and_tried_again(prover):
    prover.code = "raise SystemExit('no key is trusted')"
    asyncio.run(prover.run_until(lambda: len(prover.processes) > 2))
    assert prover.told == ["no proof of liabilities could be made: no key is trusted"]
    prover.code = ""
    prover.told.clear()
    asyncio.run(prover.run_until(lambda: prover.told))
    assert prover.told == ["no proof of liabilities could be made: no such program"]


def test_a_stop_ends_what_is_being_made(prover):
    prover.code = "import time; time.sleep(60)"
    asyncio.run(prover.run_until(lambda: prover.processes))
    assert not is_alive(prover.processes[0].pid)

"""A check says what it can't tell, rather than that all is right."""

from venue.reached import reached

from truebook.clock import ManualClock
from truebook.commandlog.halts import MemoryHaltBook
from truebook.commandlog.memory import (
    MemoryBusServer,
    MemoryLogServer,
    MemoryPublisher,
    MemorySubscription,
)
from truebook.commandlog.memory_attestations import MemoryAttestations
from truebook.engine.naive.engine import NaiveEngine
from truebook.verify.checking_once import Parts, check_engines
from truebook.verify.engines import Engines
from truebook.verify.truth import Truth


def test_where_nobody_is_trusted_nothing_is_right():
    clock, bus = ManualClock(), MemoryBusServer()
    log = reached(MemoryLogServer(clock))
    engines = Engines(MemoryPublisher(bus), MemorySubscription(bus, "me"), "me", clock)
    truth = Truth(log, NaiveEngine)
    parts = Parts(log, truth, engines, MemoryAttestations(bus), MemoryHaltBook(), clock)
    trusted, found = check_engines(parts, lambda text: None)
    assert trusted == []
    assert [one.who for one in found] == ["log"]
    assert "nobody is trusted" in found[0].what

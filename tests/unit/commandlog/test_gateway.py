"""A gateway's submissions stand in the log once, in order, whatever happens to its appends."""

import asyncio
import random
import time

import numpy as np
import pytest
from faults.applied import applied_orders
from faults.faulty_log import Fault, FaultyLog

from truebook.clock import ManualClock
from truebook.commandlog import gateway as gateway_module
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import LogUnavailable, Once, OutcomeUnknown, UsedBefore
from truebook.commandlog.memory import MemoryLog, MemoryLogServer
from truebook.limits import (
    ENTRY_RECORDS_MAX,
    GATEWAY_QUEUE_RECORDS_MAX,
    GATEWAYS_MAX,
    ORDER_COUNTER_BITS,
)
from truebook.messages import COMMAND, CommandKind


@pytest.fixture(autouse=True)
def fast_retries(monkeypatch):
    monkeypatch.setattr(gateway_module, "RETRY_S_MIN", 0.0)
    monkeypatch.setattr(gateway_module, "RETRY_S_MAX", 0.001)


def order(number):
    record = np.zeros(1, COMMAND)
    record["kind"], record["records"], record["order_id"] = CommandKind.PLACE, 1, number
    return record.tobytes()


def applied(server):
    return applied_orders(server.entries)


def run(server, faults, scenario):
    """Run a scenario with a gateway whose appends meet these faults, then none."""
    waiting = list(faults)

    async def with_gateway():
        log = FaultyLog(server, lambda: waiting.pop(0) if waiting else Fault.NONE)
        gateway = await Gateway.start(log)
        try:
            return await asyncio.wait_for(scenario(gateway), 20)
        finally:
            await gateway.close()
            assert log.in_flight_max <= 1

    return asyncio.run(with_gateway())


def test_what_arrives_during_an_append_goes_into_the_next_entry_together():
    server = MemoryLogServer()

    async def scenario(gateway):
        first = gateway.submit(order(1), 1)
        await asyncio.sleep(0.0)
        rest = [gateway.submit(order(n), 1) for n in range(2, 30)]
        return [await one for one in (first, *rest)]

    written = run(server, [Fault.SLOW], scenario)
    assert len(server.entries) == 2
    assert [w.sequence for w in written] == [1] + [2] * 28
    assert [w.first for w in written] == [0, *range(28)]
    assert [w.position for w in written] == [server.entries[0].position] + [
        server.entries[1].position
    ] * 28
    assert applied(server) == {1: list(range(1, 30))}


def test_a_submission_is_told_where_its_first_command_stands():
    server = MemoryLogServer()
    market = bytes([CommandKind.SET_MARKET, 2]) + bytes(126)

    async def scenario(gateway):
        several = [(order(1) + order(2), 2), (market, 1), (order(3), 1), (market + order(4), 2)]
        return [await s for s in [gateway.submit(*one) for one in several]]

    assert [w.first for w in run(server, [], scenario)] == [0, 2, 3, 4]


def test_a_submission_is_never_divided_between_entries():
    server = MemoryLogServer()
    half = b"".join(order(n) for n in range(ENTRY_RECORDS_MAX // 2 + 1))

    async def scenario(gateway):
        return [await s for s in [gateway.submit(half, len(half) // 64) for _ in range(3)]]

    assert [w.sequence for w in run(server, [], scenario)] == [1, 2, 3]


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DUPLICATED])
def test_a_broken_append_is_sent_again_and_applied_once(fault):
    server = MemoryLogServer()

    async def scenario(gateway):
        return [await gateway.submit(order(n), 1) for n in (1, 2, 3)]

    written = run(server, [fault, Fault.NONE, fault, fault], scenario)
    assert [w.sequence for w in written] == [1, 2, 3]
    assert applied(server) == {1: [1, 2, 3]}


def test_a_refused_submission_fails_clearly_and_leaves_no_gap():
    server = MemoryLogServer()

    async def scenario(gateway):
        one, two = gateway.submit(order(1), 1), gateway.submit(order(2), 1)
        for refused in (one, two):
            with pytest.raises(LogUnavailable, match="refused on demand"):
                await refused
        return await gateway.submit(order(3), 1)

    assert run(server, [Fault.REFUSED], scenario).sequence == 1
    assert applied(server) == {1: [3]}


def test_while_an_outcome_is_unknown_others_fail_fast_and_it_does_not():
    server = MemoryLogServer()
    faults = [Fault.LOST_AFTER, Fault.REFUSED, Fault.REFUSED]

    async def scenario(gateway):
        unknown = gateway.submit(order(1), 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        other = gateway.submit(order(2), 1)
        with pytest.raises(LogUnavailable):
            await other
        assert (await unknown).sequence == 1
        return await gateway.submit(order(3), 1)

    assert run(server, faults, scenario).sequence == 2
    assert applied(server) == {1: [1, 3]}


@pytest.mark.parametrize("seed", range(30))
def test_any_mixture_of_faults_applies_what_was_written_once_and_in_order(seed):
    random_ = random.Random(seed)
    server = MemoryLogServer()
    faults = random_.choices(list(Fault), k=200)

    async def submit_all(gateway):
        async def one(number):
            for _ in range(random_.randrange(8)):
                await asyncio.sleep(0)
            submission = gateway.submit(order(number), 1)
            try:
                return number, (await submission).position
            except LogUnavailable:
                return number, None

        results = []
        for first in range(1, 300, 20):
            results += await asyncio.gather(*(one(n) for n in range(first, first + 20)))
        return dict(results)

    results = run(server, faults, submit_all)
    in_log = applied(server)[1]
    assert len(in_log) == len(set(in_log)), f"seed {seed}"
    assert set(in_log) == {n for n, position in results.items() if position}, f"seed {seed}"
    assert any(position is None for position in results.values())


def test_a_withdrawn_submission_is_not_written():
    server = MemoryLogServer()

    async def scenario(gateway):
        one = gateway.submit(order(1), 1)
        two = gateway.submit(order(2), 1)
        one.is_withdrawn = True
        await two

    run(server, [], scenario)
    assert applied(server) == {1: [2]}


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_what_its_sender_has_given_up_is_not_sent_again(fault):
    server = MemoryLogServer()
    sent = []

    def next_fault():
        """Give up while the first append is on its way."""
        if sent[0].is_withdrawn:
            return Fault.NONE
        sent[0].is_withdrawn = True
        return fault

    async def scenario():
        gateway = await Gateway.start(FaultyLog(server, next_fault))
        sent.append(gateway.submit(order(1), 1))
        with pytest.raises(OutcomeUnknown):
            await sent[0]
        written = await gateway.submit(order(2), 1)
        await gateway.close()
        return written

    written = asyncio.run(scenario())
    assert (written.gateway, written.sequence) == (2, 1)
    first = {1: [1]} if fault is Fault.LOST_AFTER else {}
    assert applied(server) == first | {2: [2]}
    assert len(server.entries) == len(first) + 1


def test_a_gateway_that_was_gapped_goes_on_under_a_new_number():
    server = MemoryLogServer()

    async def scenario(gateway):
        await gateway.submit(order(1), 1)
        gateway.renew(gateway.number + 7)
        gateway.renew(gateway.number)
        return await gateway.submit(order(2), 1)

    written = run(server, [], scenario)
    assert (written.gateway, written.sequence) == (2, 1)
    assert applied(server) == {1: [1], 2: [2]}


def test_order_ids_carry_the_gateway_and_never_repeat():
    server = MemoryLogServer()

    async def scenario(gateway):
        return [gateway.next_order_id() for _ in range(3)]

    ids = run(server, [], scenario) + run(server, [], scenario)
    assert ids == [1 << ORDER_COUNTER_BITS | n for n in (1, 2, 3)] + [
        2 << ORDER_COUNTER_BITS | n for n in (1, 2, 3)
    ]


def test_a_log_without_gateway_numbers_left_says_so():
    server = MemoryLogServer()
    server.gateways = GATEWAYS_MAX - 1
    with pytest.raises(LogUnavailable, match="used up"):
        asyncio.run(Gateway.start(MemoryLog(server)))


@pytest.mark.parametrize(
    ("records", "commands"),
    [
        (b"", 0),
        (order(1), 2),
        (order(1)[:-1], 1),
        (bytes(64), 0),
        (bytes(64) + order(1), 1),
        (order(1) * (ENTRY_RECORDS_MAX + 1), ENTRY_RECORDS_MAX + 1),
    ],
)
def test_what_is_no_submission_is_refused_before_it_can_disturb_others(records, commands):
    async def scenario(gateway):
        with pytest.raises(ValueError, match="records"):
            gateway.submit(records, commands)

    run(MemoryLogServer(), [], scenario)


def test_the_queue_is_bounded():
    server = MemoryLogServer()
    full = order(1) * ENTRY_RECORDS_MAX

    async def scenario(gateway):
        for _ in range(GATEWAY_QUEUE_RECORDS_MAX // ENTRY_RECORDS_MAX):
            gateway.submit(full, ENTRY_RECORDS_MAX)
        with pytest.raises(LogUnavailable, match="too many"):
            gateway.submit(order(1), 1)

    run(server, [], scenario)


def test_closing_writes_what_waits_and_refuses_the_rest():
    server = MemoryLogServer()

    async def scenario():
        gateway = await Gateway.start(MemoryLog(server))
        waiting = [gateway.submit(order(n), 1) for n in (1, 2)]
        await gateway.close()
        with pytest.raises(LogUnavailable, match="closed"):
            gateway.submit(order(3), 1)
        return [await one for one in waiting]

    assert len(asyncio.run(scenario())) == 2
    assert applied(server) == {1: [1, 2]}


UNTIL_MS = int(time.time() * 1000) + 3_600_000


def mark(number):
    return Once(number.to_bytes(16, "big"), UNTIL_MS)


def test_what_was_used_before_is_refused_and_the_rest_of_its_entry_keeps_order_and_sequence():
    server = MemoryLogServer()

    async def scenario(gateway):
        await gateway.submit(order(1), 1, mark(1))
        several = [
            gateway.submit(order(n), 1, mark(n % 3) if n in (4, 7) else mark(n))
            for n in range(2, 9)
        ]
        ended = await asyncio.gather(*map(waited, several), return_exceptions=True)
        assert [type(one) for one in ended].count(UsedBefore) == 2
        assert isinstance(ended[2], UsedBefore)
        assert isinstance(ended[5], UsedBefore)
        return await gateway.submit(order(9), 1)

    assert run(server, [], scenario).sequence == 3
    assert applied(server) == {1: [1, 2, 3, 5, 6, 8, 9]}


def test_the_same_mark_twice_in_the_queue_is_written_once():
    server = MemoryLogServer()

    async def scenario(gateway):
        same = mark(1)
        both = [gateway.submit(order(n), 1, same) for n in (1, 2)]
        ended = await asyncio.gather(*map(waited, both), return_exceptions=True)
        assert isinstance(ended[1], UsedBefore)

    run(server, [], scenario)
    assert applied(server) == {1: [1]}


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DUPLICATED])
def test_the_gateways_own_second_sending_is_not_taken_for_somebody_elses(fault):
    server = MemoryLogServer()

    async def scenario(gateway):
        return [await gateway.submit(order(n), 1, mark(n)) for n in (1, 2)]

    run(server, [fault, Fault.NONE, fault], scenario)
    assert applied(server) == {1: [1, 2]}


def test_after_a_refusal_nothing_was_used_and_it_may_be_tried_again():
    server = MemoryLogServer()

    async def scenario(gateway):
        with pytest.raises(LogUnavailable):
            await gateway.submit(order(1), 1, mark(1))
        await gateway.submit(order(1), 1, mark(1))

    run(server, [Fault.REFUSED], scenario)
    assert applied(server) == {1: [1]}


def test_what_another_gateway_wrote_meanwhile_is_not_written_again_and_leaves_no_gap():
    """It broke off, and before it could be sent again somebody else used the same signature."""
    server = MemoryLogServer()
    same = mark(1)

    async def scenario(gateway):
        ours = gateway.submit(order(1), 1, same)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        other = await Gateway.start(MemoryLog(server))
        await other.submit(order(1), 1, same)
        await other.close()
        with pytest.raises(UsedBefore):
            await ours
        return await gateway.submit(order(2), 1, mark(2))

    written = run(server, [Fault.LOST_BEFORE, Fault.REFUSED, Fault.REFUSED], scenario)
    assert (written.gateway, written.sequence) == (1, 1)
    assert applied(server) == {2: [1], 1: [2]}


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_when_the_log_is_back_only_after_the_time_of_a_mark_nobody_claims_to_know(fault):
    server = MemoryLogServer(ManualClock(1_000_000))

    async def scenario(gateway):
        ours = gateway.submit(order(1), 1, Once(bytes(16), 1_005_000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        server.clock.advance(60)
        with pytest.raises(OutcomeUnknown):
            await ours
        return await gateway.submit(order(2), 1)

    written = run(server, [fault, Fault.REFUSED, Fault.REFUSED], scenario)
    assert (written.gateway, written.sequence) == (2, 1)
    first = {1: [1]} if fault is Fault.LOST_AFTER else {}
    assert applied(server) == first | {2: [2]}


@pytest.mark.parametrize("seed", range(10))
def test_any_mixture_of_faults_and_second_uses_writes_each_mark_once(seed):
    random_ = random.Random(seed)
    server = MemoryLogServer()
    faults = random_.choices(list(Fault), k=200)

    async def submit_all(gateway):
        async def one(number):
            for _ in range(random_.randrange(8)):
                await asyncio.sleep(0)
            await gateway.submit(order(number), 1, mark(number))
            return number

        numbers = [random_.randrange(1, 100) for _ in range(300)]
        results = []
        for first in range(0, 300, 20):
            some = (one(n) for n in numbers[first : first + 20])
            results += await asyncio.gather(*some, return_exceptions=True)
        return results

    results = run(server, faults, submit_all)
    done = [one for one in results if isinstance(one, int)]
    refused = [one for one in results if not isinstance(one, int)]
    assert {type(one) for one in refused} == {LogUnavailable, UsedBefore}, f"seed {seed}"
    assert sorted(applied(server)[1]) == sorted(done), f"seed {seed}"
    assert len(done) == len(set(done)), f"seed {seed}"


async def waited(submission):
    return await submission

"""What may be done once is written once: on every log, from every gateway, after every restart."""

import asyncio
import time

import pytest

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import GENESIS, Once, TooLate, UsedBefore
from truebook.commandlog.once import BUCKET_MS, dropped_ms
from truebook.commandlog.server import start_log_server
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.limits import CLOCK_DIFFERENCE_MS_MAX, ENTRY_RECORDS_MAX

RECORD = bytes([1, 1]) + bytes(62)


def entry(gateway, sequence):
    return pack_entry(gateway, sequence, RECORD)


def mark(number, until_s=5.0):
    return Once(number.to_bytes(16, "big"), int((time.time() + until_s) * 1000))


def run(logs, scenario):
    """Run a scenario with two gateways' sides of a log; how many entries there are in the end."""

    async def with_logs():
        one, other = logs.log(), logs.log()
        try:
            await scenario(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(with_logs())
    reader = logs.reader()
    entries = reader.read(GENESIS, 100, 0)
    reader.close()
    return len(entries)


def test_a_mark_is_taken_once_whichever_gateway_brings_it(logs):
    same = mark(1)

    async def scenario(one, other):
        await one.append(entry(1, 1), [same])
        for log, gateway, sequence in ((one, 1, 2), (other, 2, 1)):
            with pytest.raises(UsedBefore) as used:
                await log.append(entry(gateway, sequence), [same])
            assert used.value.indexes == [0]

    assert run(logs, scenario) == 1


def test_the_same_entry_may_be_sent_again(logs):
    async def scenario(one, other):
        marks = [mark(1), mark(2)]
        await one.append(entry(1, 1), marks)
        await other.append(entry(1, 1), marks)

    assert run(logs, scenario) == 2


def test_an_entry_with_a_used_mark_is_not_written_and_its_other_marks_stay_free(logs):
    used_one, fresh, used_two = mark(1), mark(2, 60), mark(3)

    async def scenario(one, other):
        await one.append(entry(1, 1), [used_one, used_two])
        with pytest.raises(UsedBefore) as used:
            await other.append(entry(2, 1), [used_one, fresh, used_two])
        assert used.value.indexes == [0, 2]
        await other.append(entry(2, 1), [fresh])

    assert run(logs, scenario) == 2


def test_what_ended_longer_ago_than_clocks_differ_is_refused_by_the_clock_of_the_server(logs):
    """So no clock of a gateway that goes back brings an old signature back."""

    async def scenario(one, _):
        late_s = -(CLOCK_DIFFERENCE_MS_MAX + BUCKET_MS) / 1000 - 1
        with pytest.raises(TooLate):
            await one.append(entry(1, 1), [mark(1, late_s)])
        await one.append(entry(1, 1), [mark(1, -1)])

    assert run(logs, scenario) == 1


def test_a_full_entry_may_carry_a_mark_for_each_command(logs):
    marks = [mark(number) for number in range(ENTRY_RECORDS_MAX)]

    async def scenario(one, other):
        await one.append(entry(1, 1), marks)
        with pytest.raises(UsedBefore) as used:
            await other.append(entry(2, 1), marks[-2:])
        assert used.value.indexes == [0, 1]

    assert run(logs, scenario) == 1


def test_marks_survive_the_log_server_and_are_forgotten_with_their_time(tmp_path):
    same = mark(1)

    async def append(url, gateway):
        log = ValkeyLog(url)
        try:
            await log.append(entry(gateway, 1), [same])
        finally:
            await log.close()

    for gateway in (1, 2):
        server = start_log_server(tmp_path)
        try:
            server.wait_ready()
            if gateway == 1:
                asyncio.run(append(server.url, gateway))
            else:
                with pytest.raises(UsedBefore):
                    asyncio.run(append(server.url, gateway))
                bucket = same.until_ms // BUCKET_MS
                found = expiry_ms(server, f"truebook:{{shard0}}:log:once:{bucket}")
                assert found == dropped_ms(bucket)
                assert found >= same.until_ms + CLOCK_DIFFERENCE_MS_MAX
        finally:
            server.stop()


def test_a_server_that_has_forgotten_the_script_is_given_it_again(log_server):
    async def scenario():
        log = ValkeyLog(log_server.url, shard=9_000)
        await log.append(entry(1, 1), [mark(1)])
        ask(log_server, "SCRIPT", "FLUSH")
        with pytest.raises(Exception, match="NOSCRIPT"):
            await log.append(entry(1, 2), [mark(2)])
        await log.append(entry(1, 2), [mark(2)])
        await log.close()

    asyncio.run(scenario())


def expiry_ms(server, key):
    return ask(server, "PEXPIRETIME", key)


def ask(server, *command):
    connection = BlockingConnection(parse(server.url))
    try:
        connection.open()
        return connection.request(*command, seconds=5)
    finally:
        connection.close()

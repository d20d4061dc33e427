"""A replicated log: nothing is acknowledged, published or archived before replicas have it."""

import asyncio
import time

import pytest
from crash.appending import Diary, order
from faults.applied import applied_orders
from services.pair import Pair, pair

from truebook.commandlog import valkey_log
from truebook.commandlog.covering import Cover
from truebook.commandlog.durability import Durability
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import (
    GENESIS,
    LogEntry,
    LogLost,
    LogUnavailable,
    OutcomeUnknown,
    Position,
)
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader

LOG = "truebook:{shard0}:log"
ONE = Durability(replicas=1)
PATIENCE_S = 20.0
GATEWAYS, WORKERS = 2, 4
PROGRESS = 50


@pytest.fixture
def servers(tmp_path):
    with pair(tmp_path) as found:
        yield found


def covered(cover: Cover, position: Position) -> None:
    """Wait until an entry is covered."""
    deadline_s = time.monotonic() + PATIENCE_S
    while cover.reached() < position:
        assert time.monotonic() < deadline_s, position
        time.sleep(0.01)


def followed(reader: ValkeyLogReader, after: Position) -> list[LogEntry]:
    """Wait until there is something behind a position."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (entries := reader.follow(after, 10)):
        assert time.monotonic() < deadline_s, after
        time.sleep(0.01)
    return entries


@pytest.fixture
def reader(servers):
    found = ValkeyLogReader(servers.url("engine"), durability=ONE)
    yield found
    found.close()


@pytest.fixture
def cover(servers):
    found = Cover(servers.url("engine"), 1, "reader")
    yield found
    found.close()


def test_an_append_that_a_replica_does_not_have_in_time_is_not_acknowledged(servers, monkeypatch):
    async def scenario() -> None:
        log = ValkeyLog(servers.url("api"), durability=ONE)
        assert await log.lease_gateway() == 1
        first = await log.append(order(1))
        servers.pause_replica()
        monkeypatch.setattr(valkey_log, "REPLICAS_S_MAX", 0.3)
        with pytest.raises(OutcomeUnknown, match="0 of 1 replicas"):
            await log.append(order(2))
        with pytest.raises(LogUnavailable, match="0 of 1 replicas"):
            await log.lease_gateway()
        assert await log.last_position() > first
        servers.resume_replica()
        monkeypatch.setattr(valkey_log, "REPLICAS_S_MAX", 5.0)
        assert await log.append(order(2)) > first
        assert await log.lease_gateway() > 1
        await log.close()

    asyncio.run(scenario())


def test_what_a_replica_does_not_have_is_not_covered(servers, reader, cover):
    servers.primary.ask("XADD", LOG, "*", "d", order(1))
    (first,) = reader.read(GENESIS, 10, 0)
    cover.wait(first, PATIENCE_S)
    assert cover.reached() == first.position
    servers.pause_replica()
    servers.primary.ask("XADD", LOG, "*", "d", order(2))
    (second,) = reader.read(first.position, 10, 0)
    with pytest.raises(LogUnavailable, match="not on 1 replicas yet"):
        cover.wait(second, 0.3)
    assert cover.reached() == first.position
    servers.resume_replica()
    covered(cover, second.position)


def test_whoever_has_read_what_the_new_primary_never_had_is_told(servers, reader, cover):
    servers.primary.ask("XADD", LOG, "*", "d", order(1))
    (first,) = followed(reader, GENESIS)
    cover.wait(first, PATIENCE_S)
    # A replica that is only paused finds in its socket what it was sent.
    servers.replica.promote()
    servers.primary.ask("XADD", LOG, "*", "d", order(2))
    (second,) = followed(reader, first.position)
    servers.primary.kill()
    with pytest.raises(LogLost, match="doesn't hold"):
        followed(reader, second.position)
    cover.read(second)
    with pytest.raises(LogLost, match="doesn't hold"):
        covered(cover, second.position)


def test_another_entry_in_the_place_of_one_that_was_read_is_found_out(servers, reader, cover):
    servers.primary.ask("XADD", LOG, "7-0", "d", order(1))
    (first,) = followed(reader, GENESIS)
    servers.primary.ask("DEL", LOG)
    servers.primary.ask("XADD", LOG, "7-0", "d", order(2))
    reader.close()
    with pytest.raises(LogLost, match="another entry"):
        followed(reader, first.position)
    cover.read(first)
    with pytest.raises(LogLost, match="doesn't hold"):
        covered(cover, first.position)


async def load_and_fail_over(servers: Pair, diary: Diary, rounds: int) -> None:
    async def progress() -> None:
        before = len(diary.acknowledged)
        for _ in range(round(PATIENCE_S / 0.005)):
            await asyncio.sleep(0.005)
            if len(diary.acknowledged) >= before + PROGRESS:
                return
        raise AssertionError("nothing is acknowledged")

    url = servers.url("api")
    gateways = [await Gateway.start(ValkeyLog(url, durability=ONE)) for _ in range(GATEWAYS)]
    clients = [
        asyncio.create_task(diary.trade(gateway)) for gateway in gateways for _ in range(WORKERS)
    ]
    for _ in range(rounds):
        await progress()
        servers.pause_replica()
        await asyncio.sleep(0.3)  # for the primary to have entries that the replica hasn't
        await asyncio.to_thread(servers.fail_over)
        await asyncio.to_thread(servers.repair)
        await progress()
    diary.is_over = True
    await asyncio.gather(*clients)
    for gateway in gateways:
        await gateway.close()


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.night)])
def test_nothing_acknowledged_is_lost_when_the_primary_is_killed_with_a_paused_replica(
    servers, rounds
):
    diary = Diary()
    asyncio.run(load_and_fail_over(servers, diary, rounds))
    reader = ValkeyLogReader(servers.url("engine"), durability=ONE)
    entries, after = [], GENESIS
    while batch := reader.read(after, 1000, 0):
        entries += batch
        after = batch[-1].position
    reader.close()
    in_log = [number for numbers in applied_orders(entries).values() for number in numbers]
    assert len(in_log) == len(set(in_log))
    assert set(diary.acknowledged) <= set(in_log)
    assert not diary.refused & set(in_log)
    assert len(diary.acknowledged) >= 2 * rounds * PROGRESS

"""`truebook status`: who stands where, and whether all is well; asked of real servers."""

import asyncio
import contextlib

import pytest

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import QUERIES_CHANNEL, ROLES_CHANNEL, Position
from truebook.commandlog.server import bus_url, log_url, start_bus_server, start_log_server
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import BusSection, Config, LogSection
from truebook.datafolder import Process, State
from truebook.queries import Answer, decode_query, encode_answer
from truebook.supervisor import status
from truebook.supervisor.founding import found, venue_records
from truebook.supervisor.polling import wait_for_store
from truebook.supervisor.status import read_status

CHILDREN = ("log", "bus", "engine", "feed", "store", "archive", "ws", "api")
KEEPING_UP = {"engine": 0, "feed": 0, "store": 0}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("status")
    servers = [start_log_server(folder), start_bus_server(folder)]
    for server in servers:
        server.wait_ready()
    found_config = Config(log=LogSection(url=log_url(folder)), bus=BusSection(url=bus_url(folder)))
    asyncio.run(_found(found_config))
    yield found_config
    for server in servers:
        server.stop()


async def _found(config):
    log = ValkeyLog(config.log.url, durability=UNCHECKED)
    await found(log, *venue_records(config))
    await log.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(status, "WAIT_S", 0.3)
    monkeypatch.setattr(status, "AGAIN_S", 0.01)


class Answering:
    """What stands in for an engine, a feed, a store and an archive: each `late_ms` behind the
    log's end; the archive keeps up unless it is None."""

    def __init__(self, config, late_ms, halted=""):
        self._config = config
        self.late_ms = {"archive": 0} | late_ms
        self._halted = halted
        self._tasks = set()

    async def start(self):
        log = ValkeyLog(self._config.log.url, durability=UNCHECKED)
        self.last = await log.last_position()
        await log.close()
        self._bus = ValkeyBus(self._config.bus.url)
        await self._bus.subscribe(QUERIES_CHANNEL, self._receive)
        await self._bus.subscribe(ROLES_CHANNEL, self._receive)

    async def close(self):
        await asyncio.gather(*self._tasks)
        await self._bus.close()

    def _receive(self, message):
        query = decode_query(message)
        for who in ("engine",) if query.kind == "status" else ("archive", "feed", "store"):
            if self.late_ms.get(who) is not None:
                late_ms = self.late_ms[who]
                low = self.last.low if late_ms < self.last.high else 0
                position = str(Position(max(0, self.last.high - late_ms), low))
                told = {"engine": {"engine": "engine-1", "stateHash": "ab", "halted": self._halted}}
                about = told.get(who, {"role": who, "waiting": ""})
                if who == "archive":
                    about["trouble"] = self.late_ms.get("trouble", "")
                answer = encode_answer(Answer(query.id, position, status=about))
                self._tasks.add(asyncio.create_task(self._bus.publish(query.channel, answer)))


@contextlib.asynccontextmanager
async def answering(config, halted="", **late_ms):
    answers = Answering(config, late_ms, halted)
    await answers.start()
    try:
        yield answers
    finally:
        await answers.close()


def state(**serving):
    children = [Process(role, 1, 1, serving.get(role, True)) for role in CHILDREN]
    return State(1, 1, "", "", "http://here", "ws://here", children)


def read(config, present, halted="", **late_ms):
    async def scenario():
        async with answering(config, halted, **late_ms):
            return await read_status(config, present)

    return asyncio.run(scenario())


def test_an_exchange_is_healthy_when_everybody_serves_and_keeps_up(config):
    found = read(config, state(), engine=0, feed=3, store=900)
    assert (found.healthy, found.reasons) == (True, [])
    assert [(role.role, role.lag) for role in found.roles] == [
        ("archive", 0),
        ("feed", 3),
        ("store", 900),
    ]
    assert found.engines[0].state_hash == "ab"
    assert (found.url, found.ws_url) == ("http://here", "ws://here")


@pytest.mark.parametrize(
    ("late_ms", "halted", "serving", "reason"),
    [
        ({"feed": 0, "store": 0}, "", {}, "no engine answers"),
        ({"engine": 0, "store": 0}, "", {}, "feed does not answer"),
        ({"engine": 0, "feed": 0}, "", {}, "store does not answer"),
        (KEEPING_UP | {"archive": None}, "", {}, "archive does not answer"),
        (KEEPING_UP | {"trouble": "a segment is damaged"}, "", {}, "archive: a segment is damaged"),
        ({"engine": 5_000, "feed": 0, "store": 0}, "", {}, "engine-1 is 5000 ms behind the log"),
        ({"engine": 0, "feed": 2_000, "store": 0}, "", {}, "feed is 2000 ms behind the log"),
        ({"engine": 0, "feed": 0, "store": 6_000}, "", {}, "store is 6000 ms behind the log"),
        (KEEPING_UP | {"store": 1 << 60}, "", {}, "store has read nothing of the log yet"),
        ({"engine": 0, "feed": 0, "store": 0}, "7-0", {}, "engine-1 is halted at 7-0"),
        ({"engine": 0, "feed": 0, "store": 0}, "", {"ws": False}, "ws does not serve"),
    ],
)
def test_what_is_not_well_is_told_by_name(config, late_ms, halted, serving, reason):
    found = read(config, state(**serving), halted, **late_ms)
    assert (found.healthy, found.reasons) == (False, [reason])


def test_bots_that_have_just_been_started_are_nothing_to_complain_of(config):
    present, now_ms = state(), SYSTEM_CLOCK.now_ms()
    present.processes.append(Process("maker", 1, now_ms, serving=False))
    assert read(config, present, **KEEPING_UP).healthy
    present.processes.append(Process("taker", 1, now_ms, serving=False, restarts=1))
    assert read(config, present, **KEEPING_UP).reasons == ["taker does not serve"]
    present.processes[-2:] = [Process("maker", 1, now_ms - 60_000, serving=False)]
    assert read(config, present, **KEEPING_UP).reasons == ["maker does not serve"]


def test_of_an_exchange_elsewhere_those_who_answer_tell(config):
    found = read(config, None, engine=0, feed=0, store=0)
    assert (found.healthy, found.url, found.children) == (True, None, [])


def test_a_stop_waits_for_the_store_until_it_has_everything(config):
    async def scenario():
        async with answering(config, store=1) as answers:
            waiting = asyncio.create_task(wait_for_store(config, 60))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done
            answers.late_ms["store"] = 0
            await waiting

    asyncio.run(scenario())


def test_a_stop_does_not_wait_for_a_store_for_ever(config):
    asyncio.run(wait_for_store(config, 0.1))

"""How soon an engine answers: started as a process, and started again by the exchange around it.

Promise: times are those of a clock on the wall, up to the first answer that holds everything that
stood in the log. A process that is started by itself imports the compiler and the kernel first. In
a whole exchange, `truebook up`, a killed engine is forked where both are loaded already
(docs/decisions/0037), so that is what its traders wait for.
"""

import asyncio
import itertools
import os
import signal
import statistics
import time
from typing import Any

from truebook.bench.exchange import StartedExchange, started
from truebook.bench.servers import Venue, engine_at_work
from truebook.bench.trading import equipped
from truebook.commandlog.interface import QUERIES_CHANNEL, Position
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.queries import EngineKind, Query, decode_answer, encode_query
from truebook.supervisor.status import read_status

Told = dict[str, Any]
KILLS = 3
_numbers = itertools.count(1)
_ANSWER_S = 120.0
_ASK_S = 0.01


def restarted(venue: Venue) -> Told:
    """From the start of a process to an engine's first answer: from genesis, which then writes a
    snapshot, and from that."""
    log = venue.log()
    end = log.last_position()
    log.close()
    began_s = time.perf_counter()
    with engine_at_work(venue):
        ask(venue.bus_url, "balances", end)
        genesis_s = time.perf_counter() - began_s
        ask(venue.bus_url, "snapshot", end)
    began_s = time.perf_counter()
    with engine_at_work(venue):
        ask(venue.bus_url, "balances", end)
        restart_s = time.perf_counter() - began_s
    return {"processRestartS": round(restart_s, 2), "restartFromGenesisS": round(genesis_s, 2)}


def killed(orders: int) -> Told:
    """From kill -9 of a whole exchange's only engine to the first answer of the next; the median of
    some."""
    return asyncio.run(_killed(orders))


async def _killed(orders: int) -> Told:
    async with started() as exchange:
        await equipped(exchange.config, 0, orders)
        await exchange.settled()
        end = Position.parse((await read_status(exchange.config, exchange.state())).log_position)
        bus_url = exchange.config.bus.url
        await asyncio.to_thread(ask, bus_url, "snapshot", end)
        took_s = [await asyncio.to_thread(_kill, exchange, end) for _ in range(KILLS)]
    return {"restartS": round(statistics.median(took_s), 2)}


def _kill(exchange: StartedExchange, end: Position) -> float:
    (pid,) = [each.pid for each in exchange.state().processes if each.role == "engine"]
    began_s = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    ask(exchange.config.bus.url, "balances", end)
    return time.perf_counter() - began_s


def ask(bus_url: str, kind: EngineKind, after: Position) -> None:
    """Ask until an engine that is at `after` answers. RuntimeError: none does."""
    # An answer to a question of before may still come.
    query = Query(next(_numbers), "bench", str(after), kind, account=1)
    ear = ValkeySubscription(bus_url, query.channel)
    publisher = ValkeyPublisher(bus_url)
    end_s = time.perf_counter() + _ANSWER_S
    try:
        ear.receive()
        while query.id not in [decode_answer(message).id for message in ear.receive()]:
            if time.perf_counter() > end_s:
                raise RuntimeError("bench: the engine hasn't answered")
            publisher.publish(QUERIES_CHANNEL, encode_query(query))
            time.sleep(_ASK_S)
    finally:
        ear.close()
        publisher.close()

"""The store is killed again and again under load: the database equals the fold of the events."""

import asyncio
import os
import random
import subprocess
import sys
from contextlib import ExitStack, contextmanager

from store.database import dump, state_hash, store

from truebook import commands
from truebook.api.connect import connected
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.server import start_bus_server, start_log_server
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.history import HistoryUnavailable
from truebook.messages import OrderStatus, OrderType, Side
from truebook.store.sqlite.history import SqliteHistory
from truebook.verify.remake import remade

KILLS = 4
TRADERS = (1, 2, 3)
FUNDS = 10**14
ORDERS_TOGETHER = 40
CATCH_UP_S = 60


@contextmanager
def servers(data):
    """The addresses of a log and a bus of their own, as the environment says them."""
    with ExitStack() as stack:
        urls = {}
        for name, start in (("LOG", start_log_server), ("BUS", start_bus_server)):
            server = start(data / name.lower())
            stack.callback(server.stop)
            server.wait_ready()
            urls[f"TRUEBOOK_{name}_URL"] = server.url
        yield urls


class Role:
    """A role as a process; killed in the end."""

    def __init__(self, data, urls, *arguments):
        self._command = [sys.executable, "-m", "truebook", *arguments, "--data", str(data)]
        self._environment = os.environ | urls
        self._output = data / "roles.log"
        self.start()

    def start(self):
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )

    def kill(self):
        self.process.kill()
        self.process.wait()


def founding():
    records = list(commands_of(DEFAULT_VENUE))
    records += [commands.set_account(name=f"trader {account}") for account in TRADERS]
    records += [
        commands.deposit(account=account, asset=asset, amount=FUNDS)
        for account in TRADERS
        for asset in range(4)
    ]
    return records


def some_orders(exchange, rng, placed):
    """Orders that meet, and cancels of earlier ones."""
    records = []
    for _ in range(ORDERS_TOGETHER):
        if placed and rng.random() < 0.3:
            account, order_id = placed.pop(rng.randrange(len(placed)))
            records.append(commands.cancel(account=account, market=0, order_id=order_id))
            continue
        account, order_id = rng.choice(TRADERS), exchange.next_order_id()
        placed.append((account, order_id))
        records.append(
            commands.place(
                account=account,
                market=0,
                order_id=order_id,
                side=Side(rng.randrange(2)),
                order_type=OrderType.LIMIT,
                price=10_000 + rng.randrange(-10, 11),
                quantity=rng.randrange(1, 30),
            )
        )
    return records


async def trade_and_kill(urls, role, path):
    """Trade, and kill the store as soon as it has stored something new; the engine's last word."""
    rng, placed, history = random.Random(5), [], SqliteHistory(path)
    async with connected(*urls.values()) as exchange:
        records = founding()
        made = await exchange.send_and_await(b"".join(records), len(records), None)
        assert (made.replies["status"] == OrderStatus.DONE).all()
        killed, stored = 0, GENESIS
        while killed < KILLS:
            records = some_orders(exchange, rng, placed)
            await exchange.send_and_await(b"".join(records), len(records), None)
            position = await position_of(history)
            if position > stored:
                role.kill()
                role.start()
                killed, stored = killed + 1, position
        # What the last one has to store itself, so that it is there when it is caught up.
        records = some_orders(exchange, rng, placed)
        await exchange.send_and_await(b"".join(records), len(records), None)
        status = (await exchange.ask("status")).status
        async with asyncio.timeout(CATCH_UP_S):
            await caught_up(history, Position.parse(status["position"]))
    history.close()
    return status


async def position_of(history):
    try:
        return await history.position()
    except HistoryUnavailable:
        return GENESIS


async def caught_up(history, end):
    for _ in iter(int, 1):
        if await position_of(history) >= end:
            return
        await asyncio.sleep(0.02)


def test_a_store_that_is_killed_under_load_misses_nothing_and_repeats_nothing(tmp_path):
    path = tmp_path / "database.sqlite"
    with servers(tmp_path) as urls, ExitStack() as stack:
        stack.callback(Role(tmp_path, urls, "engine", "--engine", "naive").kill)
        role = Role(tmp_path, urls, "store")
        stack.callback(role.kill)
        status = asyncio.run(trade_and_kill(urls, role, path))
        role.process.terminate()
        assert role.process.wait(CATCH_UP_S) == 0
        reader = ValkeyLogReader(urls["TRUEBOOK_LOG_URL"], durability=UNCHECKED)
        stack.callback(reader.close)
        entries = list(remade(reader, NaiveEngine(), GENESIS, reader.last_position()))
    assert state_hash(path).hex() == status["stateHash"]
    store(tmp_path / "expected", entries)
    assert dump(path) == dump(tmp_path / "expected")

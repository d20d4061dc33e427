"""Somebody edits the memory of a running engine, or a row of the database: it is named.

TRUEBOOK_TAMPERINGS=50 edits so many times (the night run); by default once: what every kind of
edit leads to is shown in tests/unit/verify/test_witness.py.
"""

import json
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest
from crash.tampering import IS_POSSIBLE, EngineMemory
from venue.installed import installed, wait_until

KINDS = ("balance", "tier")
TAMPERINGS = int(os.environ.get("TRUEBOOK_TAMPERINGS", "1"))

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="edits memory through /proc")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("up"), "--engines", "3") as running:
        yield running


def verdicts(exchange):
    path = exchange.data / "witness" / "verdicts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def engines(exchange):
    """Name → (pid, whether it publishes)."""
    found = {}
    status = exchange.run("status", "--json")
    active = {e["engine"]: e["details"]["active"] for e in status["engines"]}
    for process in exchange.processes():
        if process["role"] == "engine":
            arguments = Path(f"/proc/{process['pid']}/cmdline").read_text().split("\0")[0].split()
            name = f"engine-{arguments[arguments.index('--number') + 1]}"
            found[name] = process["pid"], active.get(name, False)
    return found


def is_told_to_everybody(exchange, verdict):
    """Whether anybody who asks is told of a verdict, without anybody's balances."""
    with urlopen(f"{exchange.url}/api/v1/integrity") as answer:
        told = json.load(answer)
    known = told["verdict"] or {}
    if known.get("engine") != verdict["engine"] or known["first"] != verdict["first"]:
        return False
    assert told["state"] == ("Halted" if verdict["published"] else "Wrong")
    assert known["what"]
    assert "available" not in known["what"]
    return True


def is_whole(exchange):
    status = exchange.run("status", "--json")
    return len(status["engines"]) == 3 and not any(e["halted"] for e in status["engines"])


def edited(memory, kind):
    if kind == "tier":
        before, after = memory.edit("tiers", 0, "taker_bp", lambda x: x + 1)
        return "tier 0", f"taker_bp {before}", f"taker_bp {after}"
    slot = memory.balance_slot(1, 2)
    memory.edit("balances", slot, "available", lambda x: x + 1_000)
    return "balance of account 1 in asset 2", "available", "available"


def test_each_edit_of_an_engine_is_named_and_trading_goes_on(exchange):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    choice = random.Random(seed)
    for number in range(TAMPERINGS):
        wait_until(lambda: is_whole(exchange), 60, "three engines at work")
        known = len(verdicts(exchange))
        name, (pid, publishes) = choice.choice(sorted(engines(exchange).items()))
        place, before, after = edited(EngineMemory(pid), KINDS[number % len(KINDS)])
        wait_until(lambda known=known: len(verdicts(exchange)) > known, 30, f"a verdict on {name}")
        verdict = verdicts(exchange)[known]
        assert verdict["engine"] == name
        for words in (place, before, after):
            assert words in verdict["what"]
        assert verdict["published"] or not publishes
        wait_until(lambda v=verdict: is_told_to_everybody(exchange, v), 30, "everybody is told")
        if verdict["published"]:
            exchange.run("resume", "--json")


def test_an_edited_trade_row_is_named_with_both_values(exchange):
    wait_until(lambda: is_whole(exchange), 60, "three engines at work")
    path = exchange.data / "database.sqlite"
    with closing(sqlite3.connect(path, timeout=10)) as database:
        wait_until(
            lambda: database.execute("SELECT count(*) FROM trades").fetchone()[0] > 0, 30, "a trade"
        )
        market, number, price = database.execute("SELECT market, id, price FROM trades").fetchone()
        key = market, number
        with database:
            database.execute("UPDATE trades SET price = price + 1 WHERE (market, id) = (?, ?)", key)
    checked = exchange.try_run("witness", "--once", "--json")
    assert checked.returncode == 1, checked.stderr
    (found,) = json.loads(checked.stdout)["found"]
    place = f"row of table trades, market {market}, id {number}"
    assert f"{place}: price {price + 1}, not price {price}" in found["what"]

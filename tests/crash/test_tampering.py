"""Somebody edits the memory of a running engine, a row of the database, a file: it is named.

What every kind of edit leads to is shown in tests/unit/verify/test_witness.py; here processes are
edited from outside. The night run edits TRUEBOOK_TAMPERINGS times, 50 by default, and then trades
for TRUEBOOK_QUIET_MINUTES, 10 by default, without an alarm.
"""

import json
import os
import random
import time
from urllib.request import urlopen

import pytest
from crash.replicas import engine_pids, status
from crash.spoiling import EDITS, FILES, idle_account
from crash.tampering import IS_POSSIBLE, EngineMemory
from venue.installed import UNLIMITED, installed, wait_until

from truebook.commandlog.interface import Position
from truebook.verify.replay import commands_in
from truebook.verify.witness import DATABASE
from truebook.verify.witness import FILES as OF_FILES

TAMPERINGS = int(os.environ.get("TRUEBOOK_TAMPERINGS", "50"))
QUIET_MINUTES = float(os.environ.get("TRUEBOOK_QUIET_MINUTES", "10"))
COMMANDS_MAX = 1_024 + 256
"""An engine looks through all of its memory within 1,024 commands; a verdict's position is that of
an attestation."""
OFTEN = UNLIMITED | {
    "TRUEBOOK_SNAPSHOTS_SECONDS": "10",
    "TRUEBOOK_ARCHIVE_SEGMENT_SECONDS": "5",
}

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="edits memory through /proc")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    data = tmp_path_factory.mktemp("up")
    with installed(data, "--engines", "3", environment=OFTEN) as running:
        yield running


@pytest.fixture(scope="module")
def idler(exchange):
    return idle_account(exchange)


def verdicts(exchange):
    """On engines."""
    path = exchange.data / "witness" / "verdicts.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [verdict for verdict in found if verdict["engine"] not in (DATABASE, OF_FILES)]


def is_whole(exchange):
    """Three engines at work, and nothing is halted. One that has just begun again takes itself for
    the one that publishes, until another was first with a command."""
    engines = status(exchange).engines
    is_at_work = len(engines) == 3 and not any(engine.halted for engine in engines)
    return is_at_work and sum(bool(engine.details["active"]) for engine in engines) == 1


def engines(exchange):
    """Name → (pid, whether it publishes)."""
    active = {each.engine: bool(each.details["active"]) for each in status(exchange).engines}
    return {name: (pid, active.get(name, False)) for name, pid in engine_pids(exchange).items()}


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


def commands_between(exchange, after, until):
    log, count = exchange.open_log(), 0
    try:
        while after < until and (entries := log.read(after, 256, 0)):
            count += sum(commands_in(e.data) for e in entries if e.position <= until)
            after = entries[-1].position
    finally:
        log.close()
    return count


def edit_an_engine(exchange, idler, kind, choice):
    """It is named with both values, in time; the commands that it took."""
    wait_until(lambda: is_whole(exchange), 120, "three engines at work")
    known = len(verdicts(exchange))
    name, (pid, publishes) = choice.choice(sorted(engines(exchange).items()))
    edited_at = Position.parse(status(exchange).log_position)
    words = EDITS[kind](EngineMemory(pid), idler, choice)
    wait_until(lambda: len(verdicts(exchange)) > known, 60, f"a verdict on {name}: {words}")
    (verdict,) = verdicts(exchange)[known:]
    assert verdict["engine"] == name
    for expected in words:
        assert expected in verdict["what"]
    assert verdict["published"] or not publishes
    wait_until(lambda: is_told_to_everybody(exchange, verdict), 30, "everybody is told")
    commands = commands_between(exchange, edited_at, Position.parse(verdict["first"]))
    if verdict["published"]:
        exchange.run("resume", "--json")
    return commands


def edit_a_file(exchange, kind, choice):
    """Whoever looks is told which, and that nothing else is wrong."""
    wait_until(lambda: is_whole(exchange), 120, "three engines at work")
    with FILES[kind](exchange, choice) as words:
        checked = exchange.try_run("witness", "--once", "--json")
    assert checked.returncode == 1, checked.stderr
    found = json.loads(checked.stdout)["found"]
    for expected in words:
        assert expected in " ".join(one["what"] for one in found)


def tamper(exchange, idler, times, kinds):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    choice = random.Random(seed)
    took = []
    for number in range(times):
        kind = kinds[number % len(kinds)]
        if kind in EDITS:
            took.append(edit_an_engine(exchange, idler, kind, choice))
        else:
            edit_a_file(exchange, kind, choice)
        print(f"{number + 1} of {times}: {kind}, after {took[-1:]} commands", flush=True)
    assert max(took) <= COMMANDS_MAX


def test_an_edited_engine_is_named_and_trading_goes_on(exchange, idler):
    tamper(exchange, idler, 1, [random.choice(sorted(EDITS))])


def test_an_edited_row_is_named_with_both_values(exchange):
    edit_a_file(exchange, random.choice(["trade", "fill"]), random.Random())


@pytest.mark.night
@pytest.mark.timeout(4 * 3600)
def test_every_edit_is_named(exchange, idler):
    kinds = [*EDITS, *FILES]
    random.shuffle(kinds)
    tamper(exchange, idler, TAMPERINGS, kinds)


@pytest.mark.night
@pytest.mark.timeout(2 * 3600)
def test_trading_raises_no_alarm(exchange):
    wait_until(lambda: is_whole(exchange), 120, "three engines at work")
    known = len(verdicts(exchange))
    begun = {e.engine: e.position for e in status(exchange).engines}
    until = time.monotonic() + 60 * QUIET_MINUTES
    while time.monotonic() < until:
        time.sleep(1)
        assert verdicts(exchange)[known:] == []
    assert is_whole(exchange)
    assert all(e.position > begun[e.engine] for e in status(exchange).engines)
    checked = exchange.try_run("witness", "--once", "--json")
    assert checked.returncode == 0, checked.stdout

"""Nights: servers that die and come back, or stay away, under load. The diary of what traders were
told is held against the log, computed anew."""

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash.diary import Diary, Ending, now_s
from crash.history import read_history
from crash.test_kills import check_orders
from crash.traders import trading
from services.pair import Pair, pair
from venue import postgres
from venue.installed import UNLIMITED, wait_until
from venue.postgres import Cluster
from venue.redis_server import RedisServer, missing, redis_server
from venue.services import Services, serving

CREDIT = {"USDC": "10000000", "SOL": "100000"}
PROGRESS = 50
PATIENCE_S = 120.0
TRADERS = 8
TIMES = 20
MINUTES = float(os.environ.get("MINUTES", "10"))
"""How long the database is away."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    if reason := postgres.missing() or missing():
        pytest.skip(reason)
    with postgres.private_cluster() as found:
        yield found


@contextlib.contextmanager
def small_system(folder: Path, log: RedisServer | Pair, database: str) -> Iterator[Services]:
    """The system on a log server of any kind, with one engine and one api; serving."""
    replicas = {"TRUEBOOK_LOG_REPLICAS": "1"} if isinstance(log, Pair) else {}
    environment = {**UNLIMITED, **replicas, "TRUEBOOK_SNAPSHOTS_SECONDS": "2"}
    with redis_server(folder / "bus", "bus") as bus:
        system = Services(folder / "data", log, bus, database, environment)
        with serving(system, engines=1, apis=1, websockets=1):
            yield system


@contextlib.contextmanager
def under_load(system: Services) -> Iterator[Diary]:
    """Traders are at work, before whatever happens and after it; then what they were told is held
    against the log."""
    accounts = [system.open_account(f"trader-{n}", CREDIT) for n in range(4)]
    with trading(system.url, accounts, TRADERS, seed=1) as diary:
        goes_on(diary, system)
        yield diary
        goes_on(diary, system)
    print(diary.summary())
    check_orders(diary, read_history(system))
    assert diary.count(Ending.LOST) == 0


def goes_on(diary: Diary, system: Services) -> None:
    """Wait until orders are accepted; whoever ends by itself meanwhile is started again."""
    acknowledged = diary.acknowledged() + PROGRESS

    def is_reached() -> bool:
        system.restart_ended()
        return diary.acknowledged() >= acknowledged

    wait_until(is_reached, PATIENCE_S, "orders go on")


@pytest.mark.night
@pytest.mark.timeout(3600)
def test_redis_killed_twenty_times_loses_nothing_acknowledged(cluster, tmp_path):
    rng = random.Random(1)
    with (
        redis_server(tmp_path / "log", "log") as log,
        small_system(tmp_path, log, cluster.create()) as system,
    ):
        with under_load(system) as diary:
            for number in range(TIMES):
                server = (log, system.bus)[number % 4 == 3]
                server.kill()
                time.sleep(rng.random())
                server.start()
                goes_on(diary, system)
        # An engine whose stream is gone with the bus begins again from its snapshot.
        assert set(system.restarted) <= {"engine-1"}
        assert all("doesn't hold" not in engine.said() for engine in system.named("engine"))


@pytest.mark.night
@pytest.mark.timeout(3600)
def test_a_primary_killed_with_a_paused_replica_loses_nothing_acknowledged(cluster, tmp_path):
    rng = random.Random(1)
    with (
        pair(tmp_path / "log") as log,
        small_system(tmp_path, log, cluster.create()) as system,
        under_load(system) as diary,
    ):
        for _ in range(TIMES):
            log.pause_replica()
            time.sleep(rng.random())
            log.fail_over()
            log.repair()
            goes_on(diary, system)


@pytest.mark.night
@pytest.mark.timeout(3600)
def test_the_database_may_be_away_for_minutes(cluster, tmp_path):
    with (
        redis_server(tmp_path / "log", "log") as log,
        small_system(tmp_path, log, cluster.create()) as system,
    ):
        with under_load(system) as diary:
            cluster.kill()
            until_s = now_s() + MINUTES * 60
            while now_s() < until_s:
                goes_on(diary, system)
            cluster.start()
        assert system.restarted == []
        wait_until(lambda: store_position(system) == log_position(system), 300, "caught up")
        replayed = system.run("replay", "--from", "database", "--json")
        assert replayed["stateHash"] == system.run("replay", "--json")["stateHash"]


def store_position(system: Services) -> str:
    roles = system.run("status", "--json")["roles"]
    return next((role["position"] for role in roles if role["role"] == "store"), "")


def log_position(system: Services) -> str:
    found: str = system.run("status", "--json")["logPosition"]
    return found

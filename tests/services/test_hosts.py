"""Three hosts: api on one; log, bus, engine, feed and archive on the second; ws and store on the
third. The second one's cable is pulled for five seconds under load."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash.diary import Diary, Ending
from crash.history import read_history
from crash.test_kills import check_orders
from crash.test_live_kills import told_by_the_log
from crash.traders import MARKET, trading
from crash.watchers import BookKeeper, Streams, UpdateKeeper, watching
from venue import hosts as networks
from venue.hosts import Hosts, hosts
from venue.installed import UNLIMITED, wait_until
from venue.redis_server import missing, redis_server
from venue.services import Services, serving

CREDIT = {"USDC": "10000000", "SOL": "100000"}
CUT_S = 5.0
PROGRESS = 100
PATIENCE_S = 60.0
TRADERS = 4


@pytest.fixture
def network() -> Iterator[Hosts]:
    if reason := networks.missing() or missing():
        pytest.skip(reason)
    with hosts(3) as found:
        yield found


def goes_on(diary: Diary, book: BookKeeper) -> None:
    """Wait until orders are accepted and depth streams."""
    acknowledged, updates = diary.acknowledged() + PROGRESS, book.updates + PROGRESS
    wait_until(lambda: diary.acknowledged() >= acknowledged, PATIENCE_S, "orders go on")
    wait_until(lambda: book.updates >= updates, PATIENCE_S, "depth goes on")


@contextlib.contextmanager
def spread(folder: Path, network: Hosts) -> Iterator[Services]:
    """The system on the hosts, serving."""
    front, core, back = network.hosts
    places = {"api": front, "ws": back, "store": back}
    places |= dict.fromkeys(("engine", "feed", "archive", "witness"), core)
    database = f"sqlite:///{folder}/database.sqlite"
    with (
        redis_server(folder / "log", "log", host=core) as log,
        redis_server(folder / "bus", "bus", host=core) as bus,
    ):
        system = Services(folder / "data", log, bus, database, UNLIMITED, hosts=places)
        with serving(system, engines=1, apis=1, websockets=1):
            yield system


@pytest.mark.night
def test_a_cut_link_loses_nothing_and_everything_resumes(network, tmp_path):
    with spread(tmp_path, network) as system:
        accounts = [system.open_account(f"trader-{n}", CREDIT) for n in range(2)]
        book, updates = BookKeeper(MARKET), [UpdateKeeper(account) for account in accounts]
        streams = Streams(system.url, system.ws_url)
        with watching(streams, [book, *updates]):
            with trading(system.url, accounts, TRADERS, seed=1) as diary:
                goes_on(diary, book)
                network.hosts[1].cut()
                time.sleep(CUT_S)
                network.hosts[1].mend(network.bridge)
                mended_s = time.monotonic()
                goes_on(diary, book)
                back_s = time.monotonic() - mended_s
            told = told_by_the_log(system, book.update_id)
            for account, keeper in zip(accounts, updates, strict=True):
                expected = told.updates[account.account]
                last = max(expected)
                wait_until(lambda k=keeper, n=last: k.last >= n, PATIENCE_S, "updates are told")
                assert {n: (u["e"], int(u["i"])) for n, u in keeper.seen.items()} == expected
        history = read_history(system)
        print(diary.summary(), f"; all went on {back_s:.1f} s after the cable was back")
        check_orders(diary, history)
        assert diary.count(Ending.LOST) == 0
        longest_s = max(page.ended_s - page.asked_s for page in diary.pages)
        print(f"longest {longest_s:.1f} s; {book.connections} connections of the book's keeper")

"""kill -9 of every process in turn, under load: nothing acknowledged is lost, nothing is twice.

The traders' diary (diary.py) is held against the log, computed anew (history.py), and against what
the exchange itself says in the end.
"""

import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from crash.diary import Diary, Ending, Page, now_s
from crash.history import History, read_history
from crash.traders import MARKET, ask, trading
from venue.credentials import Credentials
from venue.installed import UNLIMITED, Installed, installed, wait_until

ROLES = ("engine", "api", "log", "bus")
BACK_S_MAX = 120.0
"""So long may a killed process take to serve again, on a slow machine."""
PROGRESS = 50
"""Results that the traders must have had between two kills, in the mean."""
NIGHTLY = int(os.environ.get("TRUEBOOK_KILLS", "1000"))
"""Kills in the night run, over all its exchanges."""
NIGHTS = 10
"""Exchanges of the night run."""
TRADERS = 8
ACCOUNTS = 4
CREDIT = {"USDC": "10000000", "SOL": "100000"}
OFTEN = {**UNLIMITED, "TRUEBOOK_SNAPSHOTS_SECONDS": "0.2"}
"""Snapshots all the time, so that engines are killed while they write them, and start from them."""
NOW_AND_THEN = {**UNLIMITED, "TRUEBOOK_SNAPSHOTS_SECONDS": "2"}
"""Of three engines that write them, some are killed in the middle still."""
API_DEATH_S = 1.0
"""Connections of an api process that is killed break at once."""


def serving(exchange: Installed) -> dict[int, str]:
    """The roles that serve, by process."""
    processes = exchange.state()["processes"]
    return {p["pid"]: p["role"] for p in processes if p["serving"]}


def kill_one(exchange: Installed, role: str, rng: random.Random, roles: list[str]) -> float:
    """kill -9 a process of a role, and wait until everything serves again; when it was killed."""
    pid = rng.choice([pid for pid, name in serving(exchange).items() if name == role])
    killed_s = now_s()
    os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        found = serving(exchange)
        return pid not in found and sorted(found.values()) == roles

    wait_until(is_back, BACK_S_MAX, f"{role} is back")
    return killed_s


def kill_in_turn(
    exchange: Installed, diary: Diary, kills: int, seed: int
) -> list[tuple[str, float]]:
    """Kill processes in turn, then any at all, with progress in between; which and when."""
    rng = random.Random(seed)
    roles = sorted(serving(exchange).values())
    killed = []
    for number in range(kills):
        wait_for_results(diary, rng.randrange(2 * PROGRESS))
        role = ROLES[number % len(ROLES)] if number < 8 else rng.choice(roles)
        killed.append((role, kill_one(exchange, role, rng, roles)))
        print(f"{number + 1} killed, the {role}: {diary.summary()}", flush=True)
    wait_for_results(diary, PROGRESS)
    return killed


def wait_for_results(diary: Diary, count: int) -> None:
    """Wait until traders have had so many more."""
    progress = diary.acknowledged() + count
    wait_until(lambda: diary.acknowledged() >= progress, BACK_S_MAX, "orders are accepted")


def check_orders(diary: Diary, history: History) -> None:
    """Every promise that an answer made is true of the log."""
    for page in diary.pages:
        if page.what == "place":
            check_placed(page, history)
    for page in diary.done("cancel"):
        assert history.closed[page.order_id] == 1, page
    assert max(history.accepted.values()) == 1, "an order was placed twice"
    assert max(history.closed.values()) == 1, "an order was closed twice"
    assert max(history.accepted_client_ids.values()) == 1, "a request was carried out twice"


def check_placed(page: Page, history: History) -> None:
    times = history.accepted_client_ids[page.account, page.client_id]
    match page.ending:
        case Ending.DONE:
            assert history.accepted[page.order_id] == 1, page
            account, price, quantity = history.orders[page.order_id]
            told = (round(float(page.answer[name]) * 100) for name in ("price", "quantity"))
            assert (account, price, quantity) == (page.account, *told), page
        case Ending.UNKNOWN | Ending.LOST:
            assert times <= 1, page
        case Ending.UNWRITTEN | Ending.REFUSED:
            assert times == 0, page


def check_answers(diary: Diary, killed: list[tuple[str, float]]) -> None:
    """No request was left without an answer, but those in the hands of a killed api process."""
    deaths = [when for role, when in killed if role == "api"]
    for page in diary.pages:
        if page.ending is Ending.LOST:
            in_hand = [
                page.asked_s <= when + API_DEATH_S and page.ended_s >= when for when in deaths
            ]
            assert any(in_hand), page


def check_agreement(exchange: Installed, history: History) -> None:
    """Replay, from wherever, the running engines and the log computed here have one state."""
    expected = history.engine.state_hash().hex()
    for road in ("genesis", "snapshot", "database"):
        replayed = exchange.run("replay", "--from", road, "--json")
        assert replayed["stateHash"] == expected, road
        assert replayed["attested"] == (road != "genesis"), road
    status: dict[str, Any] = exchange.run("status", "--json")
    assert {engine["stateHash"] for engine in status["engines"]} == {expected}
    assert status["logPosition"] == replayed["position"]
    assert history.entries.keys() <= {"APPLIED", "REPEATED"}, history.entries


def check_open_orders(exchange: Installed, accounts: list[Credentials], history: History) -> None:
    """What rests according to the log is what the API tells, order by order."""
    for account in accounts:
        expected = {str(order.order_id) for order in history.engine.open_orders(account.account)}
        found = ask(exchange.url, account, "orders", "orderQueryAll", {"symbol": MARKET})
        assert {order["id"] for order in found} == expected
        assert len(found) == len(expected)
        for order_id in sorted(expected)[:3]:
            fields = {"orderId": order_id, "symbol": MARKET}
            assert ask(exchange.url, account, "order", "orderQuery", fields)["id"] == order_id


def run_kills(exchange: Installed, kills: int, seed: int) -> None:
    accounts = [exchange.open_account(f"trader-{n}", CREDIT) for n in range(ACCOUNTS)]
    with trading(exchange.url, accounts, TRADERS, seed) as diary:
        killed = kill_in_turn(exchange, diary, kills, seed)
    history = read_history(exchange)
    print(diary.summary(), dict(history.entries))
    check_orders(diary, history)
    check_answers(diary, killed)
    check_open_orders(exchange, accounts, history)
    check_agreement(exchange, history)
    assert history.assets_set == 4
    assert "Traceback" not in exchange.said()
    said = "".join(path.read_text() for path in (exchange.data / "logs").glob("engine-*.log"))
    assert "starting from" in said
    assert "it is not used" not in said


@pytest.fixture
def folder(tmp_path: Any) -> Iterator[Any]:
    return tmp_path / "data"


@pytest.mark.parametrize(("apis", "kills"), [(1, 6), (2, 4)])
def test_nothing_acknowledged_is_lost_or_done_twice_when_processes_are_killed(folder, apis, kills):
    with installed(folder, "--apis", str(apis), "--no-bots", environment=OFTEN) as exchange:
        run_kills(exchange, kills, seed=apis)


@pytest.mark.night
@pytest.mark.timeout(2 * 3600)
@pytest.mark.parametrize("night", range(NIGHTS))
def test_a_thousand_kills_in_all(folder, night):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    options = ("--engines", "3", "--apis", str(1 + night % 2), "--no-bots")
    with installed(folder, *options, environment=NOW_AND_THEN) as exchange:
        run_kills(exchange, NIGHTLY // NIGHTS, seed)

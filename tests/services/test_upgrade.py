"""An upgrade as docs/operations.md tells it: process by process under load, then the rules."""

from collections.abc import Iterator

import pytest
from crash.diary import Ending
from crash.history import read_history
from crash.test_kills import check_orders
from crash.traders import trading
from services.test_failures import CREDIT, PATIENCE_S, TRADERS, goes_on
from venue import postgres
from venue.installed import wait_until
from venue.redis_server import missing
from venue.services import Services, services

from truebook.messages import RULES_VERSION_MAX

ORDER = ("engine", "store", "archive", "witness", "feed", "api", "ws")
"""Of the roles, as the documentation has it."""


@pytest.fixture
def system(tmp_path) -> Iterator[Services]:
    """One of its own: the whole log is held against what the traders were told."""
    if reason := missing() or postgres.missing():
        pytest.skip(reason)
    with (
        postgres.shared_cluster() as cluster,
        services(tmp_path, database_url=cluster.create()) as exchange,
    ):
        yield exchange


@pytest.mark.night
@pytest.mark.timeout(3600)
def test_every_process_is_replaced_and_everybody_is_answered(system):
    accounts = [system.open_account(f"upgrader-{n}", CREDIT) for n in range(4)]

    def publishes(name: str) -> bool:
        engines = system.run("status", "--json")["engines"]
        return any(one["engine"] == name and one["details"]["active"] for one in engines)

    def is_well() -> bool:
        return bool(system.run("status", "--json")["healthy"])

    with trading(system.url, accounts, TRADERS, seed=1) as diary:
        for name in ORDER:
            goes_on(diary, system)
            # The one that publishes comes last.
            for role in sorted(system.named(name), key=lambda role: publishes(role.name)):
                system.replace(role)
                wait_until(is_well, PATIENCE_S, f"all is well after {role.name} was replaced")
        goes_on(diary, system)
        said = system.try_run("admin", "rules", str(RULES_VERSION_MAX), "--reason", "upgraded")
        assert said.returncode == 0, said.stderr
        goes_on(diary, system)
    print(diary.summary())
    check_orders(diary, read_history(system))
    # A request that meets the end of its kept connection is the load balancer's to send again.
    assert diary.count(Ending.LOST) <= TRADERS * len(system.named("api"))
    assert diary.count(Ending.UNKNOWN) == 0
    (note,) = system.run("admin", "history", "--json")[-1:]
    assert note["commands"] == [{"kind": "SET_RULES", "version": RULES_VERSION_MAX}]
    told = system.try_run("admin", "rules", str(RULES_VERSION_MAX + 1), "--reason", "too early")
    assert told.returncode == 1
    assert "engine-1 doesn't know version" in told.stderr

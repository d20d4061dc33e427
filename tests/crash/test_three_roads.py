"""Minutes of trading with all bots, and an end without warning: three roads to one state."""

import os
import time

import pytest
from venue.installed import UNLIMITED, installed, is_alive, wait_until

MINUTES = float(os.environ.get("TRUEBOOK_TRADING_MINUTES", "5"))
ROADS = ("genesis", "snapshot", "database")
END_S_MAX = 10.0
"""Children notice that their supervisor is gone."""


@pytest.mark.night
@pytest.mark.timeout(2 * 3600)
def test_genesis_snapshot_and_database_agree_after_minutes_with_all_bots(tmp_path):
    environment = UNLIMITED | {"TRUEBOOK_SNAPSHOTS_SECONDS": "20"}
    with installed(tmp_path / "data", environment=environment) as exchange:
        time.sleep(60 * MINUTES)
        published = exchange.run("status", "--json")["engines"][0]["position"]
        children = [process["pid"] for process in exchange.processes()]
        exchange.kill()
        wait_until(lambda: not any(map(is_alive, children)), END_S_MAX, "all have ended")
        found = {road: exchange.run("replay", "--from", road, "--json") for road in ROADS}
    assert len({(one["position"], one["stateHash"]) for one in found.values()}) == 1, found
    assert found["genesis"]["commands"] > 100 * MINUTES
    assert found["genesis"]["commands"] > found["snapshot"]["commands"]
    assert found["genesis"]["commands"] > found["database"]["commands"]
    assert exchange.run("log", "verify", "--json")["found"] == 0
    at_the_end = [int(part) for part in found["genesis"]["position"].split("-")]
    assert at_the_end >= [int(part) for part in published.split("-")]

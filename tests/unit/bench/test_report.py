"""The page of benchmarks says what was measured, and what was not."""

from pathlib import Path

import pytest

LATENCY = {"p50": 400.0, "p99": 1_500.0, "p999": 2_000.0, "max": 9_000.0}


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[3] / "tools" / "bench")
    import report

    return report


def orders(mix, connections, *, rate=8_000, resting=0, depth=0, cost=100.0):
    return {
        "mix": mix,
        "connections": connections,
        "depth": depth,
        "resting": resting,
        "ordersPerS": rate,
        "spread": 0.1,
        "latencyUs": LATENCY,
        "cpuUsPerOrder": {"api": cost, "log": 20.0},
        "cpuUsPerOrderInAll": cost + 20.0,
        "failed": 0,
        "overdue": 3,
        "rate": 1_000,
    }


def test_what_is_used_up_first_is_named(report):
    from layout import bound_of

    assert bound_of({"api": 100.0, "log": 20.0}, 2) == ("api", 10_000.0)
    assert bound_of({"api": 50.0, "log": 50.0, "engine": 50.0}, 2)[0] == "all processors"


def test_figures_are_held_against_what_was_wanted(report):
    found = {
        "http": [orders("place", 1), orders("mixed", 64), orders("batch", 64)],
        "filled": [orders("mixed", 64), orders("mixed", 64, resting=1_000_000, cost=160.0)],
    }
    page = report.page(found, {"idle": "OSError"}, True, "the machine\n\n")
    assert "| HTTP, 64 connections, place and cancel | ≥ 7,500 orders/s | 8,000 | met |" in page
    assert "| batches of 20, 64 connections | ≥ 45,000 orders/s | 8,000 | missed |" in page
    assert "| CPU an order with 1M at rest against none | ≤ 10 % more | 50.00 | missed |" in page
    assert (
        "| replay from genesis, ordinary flow | ≥ 5,000,000 commands/s | not measured |  |" in page
    )
    assert "## At rest\n\nCould not be measured: OSError" in page
    assert "mixed, 64 × HTTP, 1,000,000 at rest" in page
    assert "quick run" in page


def test_every_kind_of_orders_has_its_table(report):
    found = {
        "paced": [orders("mixed", 64)],
        "websocket": [orders("mixed", 64, depth=16)],
        "processes": [orders("mixed", 64)],
    }
    page = report.page(found, {}, False, "")
    assert "| 1,000 | 8,000 | 0.40 | 1.50 | 2.00 | 3 |" in page
    assert "mixed, 64 × websocket, 16 deep" in page
    assert "two gateway processes" in page

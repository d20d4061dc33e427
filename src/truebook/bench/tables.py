"""Results as tables for people."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = 110


def _console() -> Console:
    """As wide as the terminal; a file gets whole lines."""
    console = Console()
    return console if console.is_terminal else Console(width=_COLUMNS)


def print_orders(results: Sequence[dict[str, Any]]) -> None:
    """What `bench orders` found."""
    table = Table()
    headings = ("mix", "conn", "at rest", "orders/s", "±", "p50 · p99 · p99.9 ms", "µs", "failed")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "mix" else "right", no_wrap=True)
    for found in results:
        latency = found["latencyUs"]
        times = " · ".join(f"{latency[name] / 1000:.2f}" for name in ("p50", "p99", "p999"))
        table.add_row(
            found["mix"],
            str(found["connections"]),
            f"{found['resting']:,}",
            f"{found['ordersPerS']:,}",
            f"{found['spread'] * 50:.0f}%",
            times,
            f"{found['cpuUsPerOrderInAll']:.0f}",
            str(found["failed"]),
        )
    console = _console()
    console.print(table)
    console.print("µs: of a processor, for one order, all processes together; of each process:")
    for found in results:
        parts = [f"{role} {cpu:g}" for role, cpu in found["cpuUsPerOrder"].items() if cpu >= 0.1]
        name = f"{found['mix']} {found['connections']}, {found['resting']:,} at rest"
        console.print(f"  {name}: {' · '.join(parts)}", highlight=False)
    for text in sorted({found["firstFailure"] for found in results} - {""}):
        console.print(f"failed: {text}", highlight=False, markup=False)


def print_fanout(results: Sequence[dict[str, Any]]) -> None:
    """What `bench fanout` found."""
    table = Table()
    headings = ("over", "subscribers", "events/s", "burst", "deliveries/s", "±", "lag p50 · p99 ms")
    for heading in (*headings, "lost", "ws µs"):
        table.add_column(heading, justify="left" if heading == "over" else "right", no_wrap=True)
    for found in results:
        lag = found["lagUs"]
        table.add_row(
            found["over"],
            f"{found['subscribers']:,}",
            f"{found['eventsPerS']:g}" if found["eventsPerS"] else "most",
            str(found["burst"]),
            f"{found['deliveriesPerS']:,}",
            f"{found['spread'] * 50:.0f}%",
            f"{lag['p50'] / 1000:.1f} · {lag['p99'] / 1000:.1f}",
            str(found["lost"] + found["missing"]),
            f"{found['wsCpuUsPerDelivery']:.2f}",
        )
    console = _console()
    console.print(table)
    console.print("ws µs: of a processor, for one delivery, in the websocket server")

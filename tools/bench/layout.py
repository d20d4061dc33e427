"""What benchmarks tell, as tables in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table whose columns but for the first are numbers."""
    lines = [" | ".join(headings), "|".join(["---", *["--:"] * (len(headings) - 1)])]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "".join(f"| {line} |\n" for line in lines) + "\n"


def percent(spread: float) -> str:
    """Half a spread."""
    return f"± {spread * 50:.0f} %"


def name_of(one: Figures) -> str:
    """A case of `bench orders` in a few words."""
    way = f"websocket, {one['depth']} deep" if one["depth"] else "HTTP"
    at_rest = f", {one['resting']:,} at rest" if one["resting"] else ""
    return f"{one['mix']}, {one['connections']} × {way}{at_rest}"


def order_rates(found: Sequence[Figures]) -> str:
    """How many orders, and how late."""
    rows = []
    for one in found:
        latency = [f"{one['latencyUs'][name] / 1000:.2f}" for name in ("p50", "p99", "p999")]
        failed = f" ({one['failed']} failed)" if one["failed"] else ""
        rate = (f"{one['ordersPerS']:,}", percent(one["spread"]))
        rows.append((name_of(one) + failed, *rate, *latency))
    return table(("what", "orders/s", "", "p50 ms", "p99 ms", "p99.9 ms"), rows)


def order_costs(found: Sequence[Figures], cores: int) -> str:
    """What an order takes of each process, and how many that allows at most."""
    roles = list(found[0]["cpuUsPerOrder"])
    rows = []
    for one in found:
        costs = one["cpuUsPerOrder"]
        bound, ceiling = bound_of(costs, cores)
        each = [f"{costs[role]:.1f}" for role in roles]
        in_all = f"{one['cpuUsPerOrderInAll']:.0f}"
        rows.append((name_of(one), in_all, *each, f"{ceiling:,.0f}", bound))
    told = (
        "Microseconds of a processor that one order takes, by process; from them how many orders"
        " a second they could make if no processor ever waited, and what would be used up then."
        " Far below that it is waiting that counts: for the disk, and for each other.\n\n"
    )
    return told + table(("", "in all", *roles, "at most", "used up"), rows)


def bound_of(cpu_us: Mapping[str, float], cores: int) -> tuple[str, float]:
    """What is used up first, a process or all processors, and how much a second there is then."""
    busiest = max(cpu_us, key=lambda role: cpu_us[role])
    by_process = 1e6 / max(cpu_us[busiest], 0.01)
    by_machine = cores * 1e6 / max(sum(cpu_us.values()), 0.01)
    if by_process < by_machine:
        return busiest, by_process
    return "all processors", by_machine


def by_process(unit: str, costs: Mapping[str, object]) -> str:
    """One line of what each process takes."""
    return table(("", *costs), [(unit, *costs.values())])

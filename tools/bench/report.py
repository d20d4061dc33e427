"""`make bench`: everything that is measured, and docs/benchmarks.md made of it.

    python tools/bench/report.py [--quick] WORKLOAD...

Each benchmark runs by its command, as anybody would run it. `--quick` runs each once and short: it
shows that all of it works, its figures mean little.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from truebook.bench.machine import described
from truebook.bench.sampling import profiles

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"

HEAD = """\
# What was measured

Made by `make bench`, not by hand. Everything ran on the one machine described here, the load
included: the durable log on (every entry on disk before it is acknowledged), signatures checked,
hash chain and state hash on. Medians of {rounds} interleaved rounds; ± is half the distance between
the best round and the worst.{caution}

"""
CAUTION = " **This was a quick run: it shows that all works, and its figures mean little.**"


def figures_of(*words: object) -> Any:
    """What a benchmark tells."""
    command = [sys.executable, "-m", "truebook", "bench", *map(str, words), "--json"]
    print(" ".join(["bench", *map(str, words)]), file=sys.stderr, flush=True)
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    lines = finished.stdout.splitlines()
    return [json.loads(line) for line in lines] if len(lines) > 1 else json.loads(lines[0])


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table whose columns but for the first are numbers."""
    lines = [" | ".join(headings), "|".join(["---", *["--:"] * (len(headings) - 1)])]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "".join(f"| {line} |\n" for line in lines) + "\n"


def percent(spread: float) -> str:
    """Half a spread."""
    return f"± {spread * 50:.0f} %"


def order_rows(found: Sequence[dict[str, Any]]) -> str:
    """The table of `bench orders`."""
    headings = ("what", "connections", "at rest", "orders/s", "", "p50 ms", "p99 ms", "p99.9 ms")
    rows = []
    for one in found:
        latency = [f"{one['latencyUs'][name] / 1000:.2f}" for name in ("p50", "p99", "p999")]
        rest = (f"{one['resting']:,}", f"{one['ordersPerS']:,}", percent(one["spread"]), *latency)
        failed = f" ({one['failed']} failed)" if one["failed"] else ""
        rows.append((f"{one['mix']}{failed}", one["connections"], *rest))
    roles = list(found[0]["cpuUsPerOrder"])
    costs = [
        (
            f"{one['mix']}, {one['connections']}, {one['resting']:,} at rest",
            f"{one['cpuUsPerOrderInAll']:.0f}",
            *(f"{one['cpuUsPerOrder'][role]:.1f}" for role in roles),
        )
        for one in found
    ]
    told = "Microseconds of a processor that one order takes, by process:\n\n"
    return table(headings, rows) + told + table(("", "in all", *roles), costs)


def orders(quick: bool) -> str:
    """Orders from socket to socket."""
    often = ("--rounds", 1, "--seconds", 1) if quick else ()
    many = 100_000 if quick else 1_000_000
    found = figures_of("orders", *often)
    filled = figures_of(
        *("orders", "--resting", f"0,{many}", "--connections", 64, "--mix", "place,mixed"), *often
    )
    return (
        "## Orders, from socket to socket\n\n`truebook bench orders`: signed HTTP requests in a"
        " closed loop; each connection sends the next when the last is answered. *place* comes to"
        " rest, *cross* trades, *batch* has 20 orders a request, *mixed* cancels every order with"
        f" the next request.\n\n{order_rows(found)}With orders at rest:\n\n{order_rows(filled)}"
    )


def fanout(quick: bool) -> str:
    """Messages to subscribers."""
    found = figures_of("fanout", *(("--rounds", 1, "--seconds", 2) if quick else ()))
    rows = []
    for one in found:
        asked = f"{one['eventsPerS']:g} a second" if one["eventsPerS"] else "all they take"
        lag = [f"{one['lagUs'][name] / 1000:.1f}" for name in ("p50", "p99")]
        rows.append(
            (
                f"{one['over']}: {asked}, {one['burst']} at once",
                f"{one['subscribers']:,}",
                f"{one['deliveriesPerS']:,}",
                percent(one["spread"]),
                *lag,
                one["lost"] + one["missing"],
                one["wsCpuUsPerDelivery"],
            )
        )
    headings = (
        "events",
        "subscribers",
        "deliveries/s",
        "",
        "lag p50 ms",
        "p99 ms",
        "lost",
        "ws µs",
    )
    return (
        "## Fan-out\n\n`truebook bench fanout`: websockets that hear depth and trades. *bus*: the"
        " benchmark publishes what a feed would; *exchange*: orders trade, and lag is from the"
        f" engine's time on. The readers run beside it.\n\n{table(headings, rows)}"
    )


def engine(quick: bool) -> str:
    """The engine behind its log."""
    found = figures_of("engine", *(("--rounds", 1, "--commands", 100_000) if quick else ()))
    costs = found["cpuUsPerCommand"]
    rows = [
        ("appended, 16 entries under way", f"{found['appendedPerS']:,}"),
        ("burst: until the engine has published all", f"{found['burstPerS']:,}"),
        ("sustained: until feed and database have it", f"{found['sustainedPerS']:,}"),
    ]
    taken = table(("", *costs), [("µs a command", *costs.values())])
    return (
        "## The engine behind the durable log\n\n`truebook bench engine`: entries of 256 commands,"
        f" {found['commands']:,} at once.\n\n{table(('commands a second', ''), rows)}{taken}"
    )


def recovery(quick: bool) -> str:
    """Snapshots and starts."""
    found = figures_of("recovery", *(("--orders", 100_000) if quick else ()))
    rows = [(name, json.dumps(value)) for name, value in found.items()]
    return f"## Recovery\n\n`truebook bench recovery`.\n\n{table(('', ''), rows)}"


def idle(quick: bool) -> str:
    """An exchange at rest."""
    found = figures_of("idle", *(("--seconds", 3) if quick else ()))
    roles = list(found["cpuPercent"])
    rows = [
        ("% of a processor", found["cpuPercentInAll"], *found["cpuPercent"].values()),
        ("MiB", found["memoryMibInAll"], *found["memoryMib"].values()),
    ]
    return "## At rest\n\n`truebook bench idle`: one engine, no bots, nobody there.\n\n" + table(
        ("", "in all", *roles), rows
    )


def kernel(files: Sequence[str]) -> str:
    """The engine's kernel alone."""
    if not files:
        return ""
    found = figures_of("kernel", *files)
    rows = [
        (one["workload"], f"{one['commands']:,}", one["nsPerCommand"], f"{one['trades']:,}")
        for one in (found if isinstance(found, list) else [found])
    ]
    return "## The kernel\n\n`truebook bench kernel`: `apply` alone, batches of 4,096.\n\n" + table(
        ("workload", "commands", "ns a command", "trades"), rows
    )


def peak(quick: bool) -> str:
    """Where each process spends its time at its peak."""
    found = asyncio.run(profiles(2.0 if quick else 6.0))
    if not found:
        return "## At the peak\n\npy-spy isn't installed, so nobody looked.\n"
    parts = [
        "## At the peak\n\nWhat py-spy saw of each process at 64 connections that place and cancel:"
        " the share of its samples in a function itself. Native code counts for who called it.\n\n"
    ]
    for role, (busy, rows) in found.items():
        parts.append(f"**{role}**, busy {busy:.0%} of the time\n\n")
        parts.append(table(("function", "share"), [(n, f"{share:.0%}") for n, share in rows]))
    return "".join(parts)


def main(words: Sequence[str]) -> int:
    """Measure all and write the page."""
    quick = "--quick" in words
    files = [word for word in words if not word.startswith("-")]
    sections = [orders(quick), fanout(quick), engine(quick), recovery(quick), idle(quick)]
    sections += [kernel(files), peak(quick)]
    head = HEAD.format(rounds=1 if quick else 3, caution=CAUTION if quick else "")
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = table(("machine", ""), [*described(), ("date", when)])
    PAGE.write_text(head + machine + "\n".join(sections).rstrip() + "\n")
    print(f"written: docs/{PAGE.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

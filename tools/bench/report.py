"""`make bench`: everything that is measured, and docs/benchmarks.md made of it.

    python tools/bench/report.py [--quick] [--only=NAME,NAME] WORKLOAD...

Each benchmark runs by its command, as anybody would run it. `--quick` runs each once and short: it
shows that all of it works, its figures mean little. What can't be measured is told on the page, and
the rest goes on; the page is written anew after each part, so that nothing measured is lost.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from layout import by_process, order_costs, order_rates, percent, table
from targets import compared

from truebook.bench.exchange import BenchError
from truebook.bench.machine import described
from truebook.bench.sampling import profiles

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PART_S_MAX = 600.0

HEAD = """\
# What was measured

Made by `make bench`, not by hand. Everything ran on the one machine described here, the load
included: the durable log on (every entry on disk before it is acknowledged), signatures checked,
hash chain and state hash on. Medians of {rounds} interleaved rounds; ± is half the distance between
the best round and the worst. How it became so, and what bounds it:
[0033](decisions/0033-from-socket-to-socket.md).{caution}

"""
CAUTION = " **This was a quick run: it shows that all works, and its figures mean little.**"
CORES = os.cpu_count() or 1


def figures_of(*words: object) -> Any:
    """What a benchmark of the command line tells."""
    return printed_by("-m", "truebook", "bench", *words, "--json")


def printed_by(*words: object) -> Any:
    """What a Python program prints as JSON."""
    command = [sys.executable, *map(str, words)]
    finished = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=PART_S_MAX
    )
    lines = finished.stdout.splitlines()
    return [json.loads(line) for line in lines] if len(lines) > 1 else json.loads(lines[0])


def http(quick: bool, _: Sequence[str]) -> Any:
    """Signed requests in a closed loop."""
    often = ("--rounds", 1, "--seconds", 1) if quick else ("--seconds", 1.5)
    return figures_of("orders", *often)


def of_http(found: Any) -> str:
    """What came of it."""
    return (
        "`truebook bench orders`: signed HTTP requests in a closed loop; each connection sends the"
        " next when the last is answered. *place* comes to rest, *cross* trades, *batch* has 20"
        " orders a request, *mixed* cancels every order with the next request.\n\n"
        f"{order_rates(found)}{order_costs(found, CORES)}"
    )


def processes(quick: bool, _: Sequence[str]) -> Any:
    """The same with a second gateway."""
    often = ("--rounds", 1, "--seconds", 1) if quick else ("--seconds", 1.5)
    return figures_of(*("orders", "--apis", 2, "--connections", 64, "--mix", "mixed,batch"), *often)


def of_processes(found: Any) -> str:
    """What came of it."""
    return f"`--apis 2`: two gateway processes.\n\n{order_rates(found)}{order_costs(found, CORES)}"


def filled(quick: bool, _: Sequence[str]) -> Any:
    """Beside many orders at rest."""
    many = "0,100000" if quick else "0,100000,1000000"
    often = ("--rounds", 1, "--seconds", 1) if quick else ("--seconds", 1.5)
    what = ("--connections", 64, "--mix", "mixed")
    return figures_of("orders", "--resting", many, *what, *often)


def of_filled(found: Any) -> str:
    """What came of it."""
    told = "`--resting`: exchanges with so many orders at rest, side by side, in turn.\n\n"
    return told + order_rates(found) + order_costs(found, CORES)


def paced(quick: bool, _: Sequence[str]) -> Any:
    """Requests that are due at their time."""
    often = ("--rounds", 1, "--seconds", 1) if quick else ("--seconds", 3)
    what = ("--connections", 64, "--mix", "mixed")
    return [
        {**one, "rate": rate}
        for rate in (1_000, 4_000)
        for one in figures_of("orders", "--rate", rate, *what, *often)
    ]


def of_paced(found: Any) -> str:
    """What came of it."""
    rows = []
    for one in found:
        latency = [f"{one['latencyUs'][name] / 1000:.2f}" for name in ("p50", "p99", "p999")]
        rows.append((f"{one['rate']:,}", f"{one['ordersPerS']:,}", *latency, one["overdue"]))
    headings = ("due a second", "answered", "p50 ms", "p99 ms", "p99.9 ms", "never sent")
    told = "`--rate`, 64 connections: latency counts from when a request was due to be sent.\n\n"
    return told + table(headings, rows)


def websocket(quick: bool, _: Sequence[str]) -> Any:
    """Order entry sessions."""
    often = ("--rounds", 1, "--seconds", 1) if quick else ("--seconds", 1.5)
    found = []
    for connections, depth in ((1, 1), (1, 64), (64, 1), (64, 16)):
        how = ("--connections", connections, "--depth", depth, "--mix", "mixed")
        found += figures_of("orders", "--ws", *how, *often)
    return found


def of_websocket(found: Any) -> str:
    """What came of it."""
    return (
        "`truebook bench orders --ws`: sessions that logged on once, each with so many requests"
        f" under way.\n\n{order_rates(found)}{order_costs(found, CORES)}"
    )


def fanout(quick: bool, _: Sequence[str]) -> Any:
    """Messages to subscribers."""
    return figures_of("fanout", *(("--rounds", 1, "--seconds", 2) if quick else ("--seconds", 3)))


def of_fanout(found: Any) -> str:
    """What came of it."""
    rows = []
    for one in found:
        asked = f"{one['eventsPerS']:g} a second" if one["eventsPerS"] else "all they take"
        lag = [f"{one['lagUs'][name] / 1000:.1f}" for name in ("p50", "p99")]
        what = f"{one['over']}: {asked}, {one['burst']} at once"
        rate = (f"{one['deliveriesPerS']:,}", percent(one["spread"]))
        lost = one["lost"] + one["missing"]
        costs = (one["wsCpuUsPerDelivery"], f"{one['readersCpuShare']:.0%}")
        rows.append((what, f"{one['subscribers']:,}", *rate, *lag, lost, *costs))
    headings = ("events", "subscribers", "deliveries/s", "", "lag p50 ms", "p99 ms", "lost")
    return (
        "`truebook bench fanout`: websockets that hear depth and trades. *bus*: the benchmark"
        " publishes what a feed would; *exchange*: orders trade, and lag is from the engine's time"
        " on. The readers run beside it, on the same processors; what a delivery takes of the"
        " websocket server is mostly the kernel's, which has to wake a reader for each write.\n\n"
        + table((*headings, "ws µs", "readers"), rows)
    )


def engine(quick: bool, _: Sequence[str]) -> Any:
    """The engine behind its log."""
    return figures_of("engine", *(("--rounds", 1, "--commands", 100_000) if quick else ()))


def of_engine(found: Any) -> str:
    """What came of it."""
    rows = [
        ("appended, by 16 gateways", f"{found['appendedPerS']:,}"),
        ("burst: until the engine has published all", f"{found['burstPerS']:,}"),
        ("sustained: until feed and database have it", f"{found['sustainedPerS']:,}"),
    ]
    return (
        "`truebook bench engine`: entries of 256 commands,"
        f" {found['commands']:,} at once, half orders and half their cancellations.\n\n"
        + table(("commands a second", ""), rows)
        + by_process("µs a command", found["cpuUsPerCommand"])
    )


def recovery(quick: bool, _: Sequence[str]) -> Any:
    """Snapshots and starts."""
    return figures_of("recovery", *(("--orders", 100_000, "--takeovers", 2) if quick else ()))


def of_recovery(found: Any) -> str:
    """What came of it."""
    return "`truebook bench recovery`.\n\n" + as_told(found)


def as_told(found: dict[str, Any]) -> str:
    """Figures by the names that the benchmark gives them."""
    return table(("", ""), [(name, json.dumps(value)) for name, value in found.items()])


def database(quick: bool, _: Sequence[str]) -> Any:
    """What the store writes, and what charts ask for."""
    many = ("--commands", 50_000, "--trades", 200_000) if quick else ("--trades", 10_000_000)
    return figures_of("database", *many)


def of_database(found: Any) -> str:
    """What came of it."""
    told = "`truebook bench database`, on a PostgreSQL server of its own.\n\n"
    return told + as_told(found)


def terminal(quick: bool, _: Sequence[str]) -> Any:
    """The trading page in a browser."""
    often = ("--seconds", 3, "--minutes", 0.1) if quick else ("--seconds", 20, "--minutes", 3)
    return printed_by(Path(__file__).parent / "page.py", *often, "--json")


def of_terminal(found: Any) -> str:
    """What came of it."""
    told = "`tools/bench/page.py`: chromium without a graphics card shows a market at its busiest."
    return f"{told}\n\n{as_told(found)}"


def idle(quick: bool, _: Sequence[str]) -> Any:
    """An exchange at rest."""
    return figures_of("idle", *(("--seconds", 3) if quick else ("--seconds", 20)))


def of_idle(found: Any) -> str:
    """What came of it."""
    percents, memory = found["cpuPercent"], found["memoryMib"]
    rows = [
        ("% of a processor", found["cpuPercentInAll"], *percents.values()),
        ("MiB", found["memoryMibInAll"], *(memory[role] for role in percents)),
    ]
    return (
        "`truebook bench idle`: `up` with one engine, no bots, nobody there. A page that several"
        " processes share counts for each by its share.\n\n"
        + table(("", "in all", *percents), rows)
    )


def kernel(_: bool, files: Sequence[str]) -> Any:
    """The engine's kernel alone."""
    found = figures_of("kernel", *files)
    return found if isinstance(found, list) else [found]


def of_kernel(found: Any) -> str:
    """What came of it."""
    rows = [
        (one["workload"], f"{one['commands']:,}", one["nsPerCommand"], f"{one['trades']:,}")
        for one in found
    ]
    headings = ("workload", "commands", "ns a command", "trades")
    return "`truebook bench kernel`: `apply` alone, batches of 4,096.\n\n" + table(headings, rows)


def peak(quick: bool, _: Sequence[str]) -> Any:
    """Where each process spends its time at its peak."""
    return asyncio.run(profiles(2.0 if quick else 6.0))


def of_peak(found: Any) -> str:
    """What came of it."""
    if not found:
        return "py-spy isn't installed, so nobody looked.\n"
    parts = [
        "What py-spy saw of each process at 64 connections that place and cancel: the share of its"
        " samples in a function itself. Native code counts for who called it: `Runner.run` is the"
        " event loop, sockets and timers. Log and bus are one loop each, in C.\n\n"
    ]
    for role, (busy, rows) in found.items():
        parts.append(f"**{role}**, busy {busy:.0%} of the time\n\n")
        parts.append(table(("function", "share"), [(n, f"{share:.0%}") for n, share in rows]))
    return "".join(parts)


class Part(NamedTuple):
    """One benchmark: what measures, and what tells of it."""

    name: str
    title: str
    measure: Callable[[bool, Sequence[str]], Any]
    tell: Callable[[Any], str]


PARTS = (
    Part("http", "Orders by HTTP, from socket to socket", http, of_http),
    Part("processes", "Orders by HTTP, two gateways", processes, of_processes),
    Part("filled", "Orders beside many others at rest", filled, of_filled),
    Part("paced", "Orders at a rate", paced, of_paced),
    Part("websocket", "Orders by websocket", websocket, of_websocket),
    Part("engine", "The engine behind the durable log", engine, of_engine),
    Part("fanout", "Fan-out", fanout, of_fanout),
    Part("recovery", "Recovery", recovery, of_recovery),
    Part("database", "The database", database, of_database),
    Part("terminal", "The trading page", terminal, of_terminal),
    Part("idle", "At rest", idle, of_idle),
    Part("kernel", "The kernel", kernel, of_kernel),
    Part("peak", "At the peak", peak, of_peak),
)


def page(found: dict[str, Any], failed: dict[str, str], quick: bool, machine: str) -> str:
    """The page, as far as it has got."""
    head = HEAD.format(rounds=1 if quick else 3, caution=CAUTION if quick else "")
    texts = [head + machine, f"## Against what was wanted\n\n{compared(found)}"]
    for part in PARTS:
        if part.name in found:
            texts.append(f"## {part.title}\n\n{part.tell(found[part.name])}")
        elif part.name in failed:
            texts.append(f"## {part.title}\n\nCould not be measured: {failed[part.name]}\n\n")
    return "".join(texts).rstrip() + "\n"


def main(words: Sequence[str]) -> int:
    """Measure all and write the page; 1 if something could not be measured."""
    quick = "--quick" in words
    only = [w.partition("=")[2].split(",") for w in words if w.startswith("--only=")]
    files = [word for word in words if not word.startswith("-")]
    parts = [part for part in PARTS if not only or part.name in only[0]]
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = table(("machine", ""), [*described(), ("date", when)])
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}
    began_s = time.monotonic()
    for number, part in enumerate(parts, 1):
        minutes, seconds = divmod(round(time.monotonic() - began_s), 60)
        print(
            f"[{number} of {len(parts)}, after {minutes}:{seconds:02}] {part.title}",
            file=sys.stderr,
            flush=True,
        )
        try:
            found[part.name] = part.measure(quick, files)
        except (subprocess.SubprocessError, BenchError, OSError, ValueError, IndexError) as error:
            failed[part.name] = type(error).__name__
            print(f"  could not be measured: {error}", file=sys.stderr, flush=True)
        PAGE.write_text(page(found, failed, quick, machine))
    print(f"written: docs/{PAGE.name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

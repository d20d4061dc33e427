"""The engine and the yardstick in turn, on the same workloads: a table with ratios.

    python tools/bench/compare.py YARDSTICK WORKLOAD...

Three rounds; in each the yardstick runs first, then the engine, each in a process of its own. The
figures are medians. A ratio lasts longer than nanoseconds: both feel the same machine.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 3
SAME = ("trades", "quantity", "tradeHash")
TARGETS = {"flow": 4.0, "multi": 4.5, "deep": 5.5, "levels": 6.0}


def figures_of(command: list[str]) -> dict[str, Any]:
    """Run one measurement; its figures."""
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures


def main(yardstick: str, files: list[str]) -> int:
    """Print the table; 1 if the two disagree about the trades."""
    truebook = str(Path(sys.executable).with_name("truebook"))
    print("| workload | engine ns | yardstick ns | ratio | target |\n|---|--:|--:|--:|--:|")
    for file in files:
        pairs = [
            (
                figures_of([yardstick, file]),
                figures_of([truebook, "bench", "kernel", file, "--json"]),
            )
            for _ in range(ROUNDS)
        ]
        for ours, theirs in pairs:
            if any(ours[name] != theirs[name] for name in SAME):
                print(f"{file}: the trades differ: {ours}, {theirs}", file=sys.stderr)
                return 1
        theirs_ns, ours_ns = (median(pair[i]["nsPerCommand"] for pair in pairs) for i in (0, 1))
        name = pairs[0][0]["workload"]
        ratio, target = ours_ns / theirs_ns, TARGETS.get(name, "")
        print(f"| {name} | {ours_ns:.1f} | {theirs_ns:.1f} | {ratio:.1f} | {target} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

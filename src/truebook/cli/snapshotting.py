"""`truebook snapshot`: have an engine write its state into a file now."""

import asyncio

from truebook.cli.reports import print_json
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.config import Config
from truebook.installation import attached
from truebook.queries import Answer
from truebook.supervisor.polling import ask_all

PATIENCE_S = 60.0
"""Far more than ten million orders need."""


class NoSnapshot(Exception):
    """No engine has written a snapshot; says why."""


def print_snapshot(config: Config, json: bool) -> None:
    """Ask all engines, and print what the first one says that has written one. Raises UserError,
    NoSnapshot."""
    answers = asyncio.run(ask_for_snapshots(attached(config).bus.url))
    if not answers:
        raise NoSnapshot(f"no engine has answered within {PATIENCE_S:.0f} s")
    told = answers[0].status
    if trouble := told.get("trouble"):
        raise NoSnapshot(f"{told['engine']} can't write one: {trouble}")
    if json:
        print_json(told)
        return
    for name, value in told.items():
        print(f"{name:10} {value}")


async def ask_for_snapshots(bus_url: str) -> list[Answer]:
    """Have all engines write one; what the first says that has. Raises BusUnavailable."""
    bus = ValkeyBus(bus_url)
    try:
        return await ask_all(bus, QUERIES_CHANNEL, "snapshot", 1, PATIENCE_S)
    finally:
        await bus.close()

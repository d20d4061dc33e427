"""The noise taker as a process: `truebook taker`."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from truebook.config import Config


def run_taker(config: Config, url: str | None = None, key_file: Path | None = None) -> None:
    """Make noise until SIGTERM or SIGINT. Raises UserError."""
    from truebook.bots.client import Client
    from truebook.bots.taker import Taker
    from truebook.cli.bot_process import run_bot

    def make(client: Client, targets: Mapping[str, Decimal]) -> Taker:
        return Taker(client, config.bots, targets)

    run_bot("taker", make, config, url, key_file)

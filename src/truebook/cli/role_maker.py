"""The market maker as a process: `truebook maker`."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from truebook.config import Config, venue_of


def run_maker(config: Config, url: str | None = None, key_file: Path | None = None) -> None:
    """Make markets until SIGTERM or SIGINT. Raises UserError."""
    from truebook.bots.client import Client
    from truebook.bots.maker import Maker
    from truebook.cli.bot_process import run_bot

    start_prices = {
        market.symbol: Decimal(market.reference)
        for market in venue_of(config).markets
        if Decimal(market.reference)
    }

    def make(client: Client, targets: Mapping[str, Decimal]) -> Maker:
        return Maker(client, config.bots, targets, start_prices)

    run_bot("maker", make, config, url, key_file)

"""What the processes of both bots have in common: whom they trade with, as whom, and until when.

Without `--url` it is the API that runs on the data folder, without `--key-file` the demo account
that `truebook up` opened there: nothing else ties a bot to an installation.
"""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from truebook.bots.client import Client
from truebook.bots.keyfile import KeyFile, read_key_file
from truebook.bots.running import Bot, Turns, live, until_signalled
from truebook.cli.sources import of_bot
from truebook.cli.standing import Standing
from truebook.config import Config, UserError
from truebook.installation import folder_of, running

Make = Callable[[Client, Mapping[str, Decimal]], Bot]
"""Makes a bot that trades as a client, and that the inventory to come back to."""


def run_bot(role: str, make: Make, config: Config, url: str | None, key_file: Path | None) -> None:
    """Let a bot live until SIGTERM or SIGINT. Raises UserError."""
    standing = Standing(role, config)
    key = read_key_file(key_file or folder_of(config).bots / f"{role}.json")
    if running(config) is not None:
        standing.attached()
    asyncio.run(_run(make, url or _running_url(config), key, standing))


async def _run(make: Make, url: str, key: KeyFile, standing: Standing) -> None:
    turns = Turns()
    standing.teller.add(of_bot(turns))
    beating = asyncio.create_task(standing.teller.pulse.keep())
    targets = {asset: Decimal(amount) for asset, amount in key.credit.items()}
    with until_signalled() as stop:
        async with Client(url, key) as client:
            await live(make(client, targets), stop, standing.serving, turns)
    beating.cancel()


def _running_url(config: Config) -> str:
    state = running(config)
    if state is None or not state.url:
        raise UserError(
            f"no API runs on {folder_of(config).path}: start one with `truebook up`, or say where"
            " it is with --url"
        )
    return state.url

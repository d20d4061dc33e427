"""What `truebook up` does once for a new exchange, for roles that are started one by one:
`truebook found` and `truebook trust`."""

import asyncio
import logging
import sys

from truebook.cli.loglines import log_lines
from truebook.cli.reports import print_json
from truebook.commandlog.durability import durability_of
from truebook.commandlog.interface import LogNotDurable, LogUnavailable
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.waiting import Waiting
from truebook.config import Config, UserError
from truebook.installation import attached, folder_of
from truebook.supervisor.attesters import register
from truebook.supervisor.founding import found, venue_records

_logger = logging.getLogger(__name__)
AGAIN_S = 0.2


def found_exchange(config: Config, json: bool) -> None:
    """Write the venue of the configuration to an empty log; waits for its server."""
    log_lines(sys.stderr)
    config = attached(config)
    is_new = asyncio.run(_found(config, *venue_records(config)))
    if json:
        print_json({"founded": is_new})
    elif is_new:
        print("the log is new: assets, fees and markets are set up")
    else:
        print("the log has entries already: nothing was written")


async def _found(config: Config, records: bytes, commands: int) -> bool:
    log = ValkeyLog(config.log.url, durability=durability_of(config.log))
    waiting = Waiting("the log", _logger)
    try:
        while True:
            try:
                return await found(log, records, commands)
            except LogNotDurable:
                raise
            except LogUnavailable as error:
                waiting.failed(error)
                await asyncio.sleep(AGAIN_S)
    finally:
        await log.close()


def trust_engines(config: Config, numbers: tuple[int, ...]) -> None:
    """Have the log say that what engines of this data folder attest counts. Raises UserError."""
    log_lines(sys.stderr)
    names = [f"engine-{number}" for number in numbers]
    folder = folder_of(config)
    for name in names:
        if not (folder.keys / f"{name}.key").exists():
            raise UserError(f"{name} has no key in {folder.keys}: start it once, on this folder")
    asyncio.run(register(attached(config), folder, names))
    print(f"trusted: {', '.join(names)}")

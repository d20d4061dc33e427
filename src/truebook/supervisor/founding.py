"""The first entry of a log: the assets, fee tiers and markets that the configuration names.

Promise: an empty log gets the venue in exactly one entry, and a log that isn't empty gets nothing.
Why it holds also when killed half-way: the entry is there whole or not at all, and an append of
unknown outcome is repeated under the same number and sequence, which the engine applies once. The
data folder's lock keeps a second `up` away meanwhile. (Two that found the same remote log in the
same instant write the same settings twice, which changes nothing.)

The venue is tried on the naive engine first: what an engine would reject never enters the log.
"""

import numpy as np

from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import GENESIS, Log, LogEntry, Position
from truebook.config import Config, ConfigError, venue_of
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import Venue, commands_of
from truebook.messages import REPLY, CommandKind, OrderStatus, RejectCode


def venue_records(config: Config) -> tuple[bytes, int]:
    """The commands that set up the configured venue, and how many; ConfigError if they can't."""
    venue = venue_of(config)
    commands = commands_of(venue)
    records = b"".join(commands)
    _try_out(records, venue)
    return records, len(commands)


async def found(log: Log, records: bytes, commands: int) -> bool:
    """Write the venue to the log if the log is empty; whether it did."""
    if await log.last_position() != GENESIS:
        return False
    gateway = await Gateway.start(log)
    try:
        await gateway.submit(records, commands)
    finally:
        await gateway.close()
    return True


def _try_out(records: bytes, venue: Venue) -> None:
    """Raise ConfigError if an engine would reject any of the commands."""
    entry = LogEntry(Position(1, 0), 1, pack_entry(1, 1, records))
    replies = np.frombuffer(NaiveEngine().apply(for_engine(entry)).replies, REPLY)
    rejected = replies[replies["status"] == OrderStatus.REJECTED]
    if len(rejected):
        first = rejected[0]
        names = ["rules", *(asset.symbol for asset in venue.assets)]
        names += [f"tier {tier}" for tier in range(len(venue.tiers))]
        names += [market.symbol for market in venue.markets]
        name, kind = names[int(first["command"])], CommandKind(int(first["kind"]))
        reason = RejectCode(int(first["code"])).name
        raise ConfigError(f"venue: {name}: the engine rejects it ({kind.name}: {reason})")

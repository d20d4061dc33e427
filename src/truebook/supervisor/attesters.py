"""Whose attestations count: the log is told of the engines that this installation starts.

Promise: an engine's key is in the log once, under its name, however often it is started; a key that
somebody has withdrawn trust from is not registered again.
"""

from collections.abc import Sequence

import numpy as np

from truebook import commands
from truebook.api.connect import connected
from truebook.commandlog.durability import durability_of
from truebook.commandlog.keyfile import KeyFileWrong, attestation_key
from truebook.config import Config, UserError
from truebook.datafolder import DataFolder
from truebook.limits import ATTESTERS_MAX
from truebook.messages import (
    ATTESTER_SET,
    EVENT_ROW,
    EventKind,
    OrderStatus,
    RejectCode,
    attester_key,
)


class KnownAttesters:
    """What the settings of an engine say."""

    def __init__(self, settings: bytes) -> None:
        rows = np.frombuffer(settings, EVENT_ROW)
        starts = np.flatnonzero(rows["kind"] == EventKind.ATTESTER_SET)
        count = ATTESTER_SET.itemsize // EVENT_ROW.itemsize
        chosen = np.ascontiguousarray(rows[starts[:, None] + np.arange(count)])
        found = chosen.view(ATTESTER_SET).reshape(-1)
        self.keys = {attester_key(row) for row in found}
        self.slots = {int(row["slot"]) for row in found}

    def free_slot(self) -> int:
        """The first slot that was never set. Raises UserError."""
        free = set(range(ATTESTERS_MAX)) - self.slots
        if not free:
            raise UserError(f"there are {ATTESTERS_MAX} attesters: no more can be added")
        return min(free)


async def register(config: Config, folder: DataFolder, names: Sequence[str]) -> None:
    """Register the keys that the engines of these names have in the folder. Raises UserError,
    TimedOut, LogUnavailable."""
    async with connected(
        config.log.url, config.bus.url, durability=durability_of(config.log)
    ) as exchange:
        known = KnownAttesters((await exchange.ask("settings")).settings)
        for name in names:
            try:
                key = bytes(attestation_key(folder.keys, name).verify_key)
            except KeyFileWrong as error:
                raise UserError(str(error)) from None
            if key in known.keys:
                continue
            slot = known.free_slot()
            known.slots.add(slot)
            record = commands.set_attester(slot=slot, public_key=key, name=name, trusted=True)
            (reply,) = (await exchange.send_and_await(record, 1, None)).replies
            if reply["status"] != OrderStatus.DONE:
                raise UserError(f"{name}: the engine rejects it: {RejectCode(reply['code']).name}")

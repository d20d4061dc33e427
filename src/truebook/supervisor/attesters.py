"""Whose attestations count: the log is told of the engines that this installation starts.

Promise: an engine's key is in the log once, under its name, however often it is started; a key that
somebody has withdrawn trust from is not registered again.
"""

from collections.abc import Sequence

from truebook.api.connect import connected
from truebook.commandlog.durability import durability_of
from truebook.commandlog.keyfile import KeyFileWrong, attestation_key
from truebook.config import Config, UserError
from truebook.datafolder import DataFolder
from truebook.people.admin import Why
from truebook.people.attesters import KnownAttesters, trust
from truebook.people.errors import PeopleError
from truebook.people.exchange import Refused

_WHY = Why("truebook up", "an engine that it starts")


async def register(config: Config, folder: DataFolder, names: Sequence[str]) -> None:
    """Register the keys that the engines of these names have in the folder. Raises UserError,
    TimedOut, LogUnavailable."""
    async with connected(
        config.log.url, config.bus.url, durability=durability_of(config.log)
    ) as exchange:
        for name in names:
            try:
                key = bytes(attestation_key(folder.keys, name).verify_key)
                known = KnownAttesters((await exchange.ask("settings")).settings)
                if key not in known.keys:
                    await trust(exchange, known, name, key, _WHY)
            except (KeyFileWrong, PeopleError, Refused) as error:
                raise UserError(f"{name}: {error}") from None

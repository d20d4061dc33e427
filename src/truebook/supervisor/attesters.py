"""Whose attestations count: the log is told of the engines that this installation starts.

Promise: an engine's key is in the log once, under its name, however often it is started; a key that
somebody has withdrawn trust from is not registered again.
"""

from truebook.api.connect import connected
from truebook.commandlog.keyfile import KeyFileWrong, attestation_key
from truebook.config import Config, UserError
from truebook.datafolder import DataFolder
from truebook.people.admin import Why
from truebook.people.attesters import KnownAttesters, trust
from truebook.people.errors import PeopleError
from truebook.people.exchange import Refused

_WHY = Why("truebook up", "an engine that it starts")


async def register(config: Config, folder: DataFolder) -> None:
    """Register the keys of all engines that `up` starts. Raises UserError, TimedOut,
    LogUnavailable."""
    async with connected(
        config.log.url, config.bus.url, allow_not_durable=config.log.allow_not_durable
    ) as exchange:
        for number in range(1, config.engine.processes + 1):
            name = f"engine-{number}"
            try:
                key = bytes(attestation_key(folder.keys, name).verify_key)
                known = KnownAttesters((await exchange.ask("settings")).settings)
                if key not in known.keys:
                    await trust(exchange, known, name, key, _WHY)
            except (KeyFileWrong, PeopleError, Refused) as error:
                raise UserError(f"{name}: {error}") from None

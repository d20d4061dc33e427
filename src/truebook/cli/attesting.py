"""What `truebook admin attester …` does."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from truebook.api.exchange import Exchange
from truebook.cli.administration import why_of
from truebook.cli.people import carried_out
from truebook.cli.reports import print_json
from truebook.commandlog.keyfile import KeyFileWrong, NewKey
from truebook.config import Config, UserError
from truebook.installation import attached, folder_of
from truebook.people import attesters
from truebook.people.attesters import Attester, KnownAttesters
from truebook.supervisor.visiting import visit

_KEY_BYTES = 32
T = TypeVar("T")


def print_attesters(config: Config, json: bool) -> None:
    """List all keys that the log knows. Raises UserError."""

    async def find(exchange: Exchange, known: KnownAttesters) -> list[Attester]:
        return known.attesters

    found = _done(config, find)
    if json:
        print_json([{**a._asdict(), "key": a.key.hex()} for a in found])
        return
    for attester in found:
        print(f"{attester.name:16} {attester.key.hex()} {_WORDS[attester.trusted]}")


_WORDS = {True: "trusted", False: "retired"}


def add(config: Config, name: str, key: str, reason: str) -> None:
    """Trust a key. Raises UserError."""
    public, why = _key_of(key), why_of(reason)
    _done(config, lambda exchange, known: attesters.trust(exchange, known, name, public, why))


def retire(config: Config, name: str, reason: str) -> None:
    """Trust an engine's keys, or one key, no more. Raises UserError."""
    why = why_of(reason)
    _done(config, lambda exchange, known: attesters.retire(exchange, known, name, why))


def rotate(config: Config, name: str, key: str, reason: str, json: bool) -> None:
    """Replace an engine's key. Raises UserError."""
    why = why_of(reason)

    async def run(exchange: Exchange, known: KnownAttesters) -> bytes:
        if key:
            await attesters.replace(exchange, known, name, _key_of(key), why)
            return _key_of(key)
        known.trusted_as(name)
        new = NewKey(folder_of(config).keys, name)
        await attesters.replace(exchange, known, name, new.public, why)
        new.put_in_place()
        return new.public

    try:
        public = _done(config, run)
    except KeyFileWrong as error:
        raise UserError(str(error)) from None
    if json:
        print_json({"name": name, "key": public.hex()})
    else:
        print(f"{name}: {public.hex()}")


def _done(config: Config, work: Callable[[Exchange, KnownAttesters], Awaitable[T]]) -> T:
    """Visit the exchange, look whom it trusts, and do something about it."""
    config = attached(config)

    async def run() -> T:
        async with visit(config) as exchange:
            known = KnownAttesters((await exchange.ask("settings")).settings)
            return await work(exchange, known)

    return carried_out(run())


def _key_of(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise UserError("--key: not a public key: 64 hexadecimal digits")
    return key

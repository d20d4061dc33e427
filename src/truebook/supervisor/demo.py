"""The demo accounts that the bots trade on.

Promise: once `provide` has returned, each account exists, has the key whose secret stands in
`bots/ROLE.json` of the data folder, and was credited exactly once in its life. Killed at any point,
the next start goes on where it ended. Why that holds:

* The secret is on disk before the log hears of its public half, so no key is ever lost.
* Key and credit are one log entry. So an account with a key, whichever, has had its credit; one
  without a key hasn't. If the file is lost, the account gets another key and no second credit.
* What is missing is read from a directory that is at or after the end of the log.
"""

import base64
import os
from pathlib import Path

import msgspec
from nacl.signing import SigningKey

from truebook.api.connect import connected
from truebook.api.exchange import Exchange
from truebook.bots.keyfile import KeyFile, read_key_file
from truebook.commandlog.durability import durability_of
from truebook.config import Config
from truebook.datafolder import DataFolder
from truebook.directory import Directory
from truebook.limits import AMOUNT_MAX
from truebook.people.accounts import Amount, key_text
from truebook.supervisor.accounts import equip, open_account
from truebook.units import parse, show

NAMES = {"maker": "demo-maker", "taker": "demo-taker"}
"""Each bot's account."""
QUOTE_A_MARKET = 10_000_000
"""What a demo account gets of the quote asset for each market, and as much worth of the base: with
the default settings, fees and spreads use it up in some months."""
BASE_UNPRICED = 1_000_000
"""What it gets of a base asset whose market has no reference price."""
CREDIT_ATOMS_MAX = AMOUNT_MAX // 16
"""Leaves room for others in an asset with very many decimals."""


async def provide(config: Config, folder: DataFolder) -> None:
    """Open what is missing of the demo accounts; waits for the log and an engine.

    Raises UserError for a key file that can't be read, TimedOut and LogUnavailable.
    """
    connection = connected(config.log.url, config.bus.url, durability=durability_of(config.log))
    async with connection as exchange:
        for role, name in NAMES.items():
            key = kept_key(folder.bots / f"{role}.json", exchange.directory)
            await complete(exchange, name, key, config.accounts.open_orders_max)


async def complete(exchange: Exchange, name: str, key: KeyFile, open_orders_max: int) -> None:
    """Open an account with a key and its credit, as far as that isn't done yet."""
    directory = exchange.directory
    named = [account.number for account in directory.accounts.values() if account.name == name]
    account = named[0] if named else await open_account(exchange, name, open_orders_max)
    public_key = base64.b64decode(key.api_key)
    if public_key in directory.keys:
        return
    is_new = all(other.account != account for other in directory.keys.values())
    amounts = _atoms(key.credit, directory) if is_new else []
    await equip(exchange, account, public_key, amounts)


def kept_key(path: Path, directory: Directory) -> KeyFile:
    """The key in the file; a new one, written there first, if there is none."""
    if path.exists():
        return read_key_file(path)
    signing = SigningKey.generate()
    key = KeyFile(
        key_text(bytes(signing.verify_key)), key_text(bytes(signing)), demo_credit(directory)
    )
    _write_durably(path, msgspec.json.format(msgspec.json.encode(key)))
    return key


def demo_credit(directory: Directory) -> dict[str, str]:
    """What a demo account is given of each asset that is traded, as decimal text."""
    atoms: dict[int, int] = {}
    for market in directory.markets.values():
        quote = QUOTE_A_MARKET * 10**market.quote.decimals
        if price := market.price_reference:
            base = quote // (price * market.unit) * market.lot_atoms
        else:
            base = BASE_UNPRICED * 10**market.base.decimals
        for asset, amount in ((market.quote, quote), (market.base, base)):
            atoms[asset.number] = min(CREDIT_ATOMS_MAX, atoms.get(asset.number, 0) + amount)
    assets = directory.assets
    return {assets[n].symbol: show(amount, assets[n].atoms) for n, amount in atoms.items()}


def _atoms(credit: dict[str, str], directory: Directory) -> list[Amount]:
    assets = [directory.asset_by_symbol[symbol] for symbol in credit]
    return [Amount(asset.number, parse(credit[asset.symbol], asset.atoms)) for asset in assets]


def _write_durably(path: Path, data: bytes) -> None:
    """Write a file that is there whole, also after a power failure, or not at all."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

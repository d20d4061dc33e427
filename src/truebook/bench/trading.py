"""What a benchmark needs in an exchange before it begins: accounts, liquidity, orders at rest.

Promise: all of it goes through the log, as a gateway of its own; nothing is measured here. Traders
bid below and ask above the liquidity account's two orders, which are too large to be used up: so an
order rests or trades as its price says, whatever came before it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from nacl.signing import SigningKey

from truebook import commands
from truebook.api.exchange import Exchange
from truebook.bots.keyfile import KeyFile
from truebook.commandlog.durability import durability_of
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import Config
from truebook.limits import ENTRY_RECORDS_MAX
from truebook.messages import COMMAND, CommandKind, OrderType, Side
from truebook.people.accounts import Amount, equip, key_text, open_account
from truebook.supervisor.visiting import visit

SYMBOL = "SOL_USDC"
MIDDLE = 10_000
"""Ticks: the market's reference price."""
EDGE = 5
"""Ticks from the middle to where the liquidity account's orders rest."""
_LEVELS = 2_400
"""Price levels on each side on which orders rest: inside the market's price band."""
_LIQUIDITY_LOTS = 1 << 26
_QUOTE_ATOMS = 1 << 55
_BASE_ATOMS = 1 << 54
_OPEN_ORDERS_MAX = 0xFFFF_FFFF
_HOLDERS = 24
"""Accounts whose orders rest: one may have 65,535 in a market."""
_SEED = 1


class Trader(NamedTuple):
    """An account and how to trade on it."""

    account: int
    key: KeyFile


async def equipped(config: Config, traders: int, orders: int) -> list[Trader]:
    """Open accounts, place the liquidity, and have `orders` orders rest."""
    async with visit(config) as exchange:
        found = [await _trader(exchange, f"trader-{number}") for number in range(traders)]
        maker = await _trader(exchange, "liquidity")
        await exchange.send_and_await(b"".join(_liquidity(exchange, maker.account)), 2, None)
        holders = [
            (await _trader(exchange, f"holder-{number}")).account
            for number in range(_HOLDERS if orders else 0)
        ]
    if orders:
        await _fill(config, holders, orders)
    return found


async def cancel_all(config: Config, accounts: Sequence[int]) -> None:
    """Take back all orders of these accounts."""
    async with visit(config) as exchange:
        for account in accounts:
            await exchange.send_and_await(commands.cancel_all(account=account), 1, None)


async def _trader(exchange: Exchange, name: str) -> Trader:
    account = await open_account(exchange, name, _OPEN_ORDERS_MAX)
    signing = SigningKey.generate()
    public_key = bytes(signing.verify_key)
    market = exchange.directory.market_by_symbol[SYMBOL]
    amounts = [Amount(market.quote.number, _QUOTE_ATOMS), Amount(market.base.number, _BASE_ATOMS)]
    await equip(exchange, account, public_key, amounts)
    return Trader(account, KeyFile(key_text(public_key), key_text(bytes(signing))))


def _liquidity(exchange: Exchange, account: int) -> list[bytes]:
    market = exchange.directory.market_by_symbol[SYMBOL].number
    return [
        commands.place(
            account=account,
            market=market,
            order_id=exchange.next_order_id(),
            side=side,
            order_type=OrderType.LIMIT,
            quantity=_LIQUIDITY_LOTS,
            price=price,
        )
        for side, price in ((Side.BID, MIDDLE - EDGE), (Side.ASK, MIDDLE + EDGE))
    ]


async def _fill(config: Config, accounts: Sequence[int], orders: int) -> None:
    """Write orders that never meet into the log, in full entries."""
    log = ValkeyLog(config.log.url, durability=durability_of(config.log))
    gateway = await Gateway.start(log)
    rng = np.random.default_rng(_SEED)
    for first in range(0, orders, ENTRY_RECORDS_MAX):
        count = min(ENTRY_RECORDS_MAX, orders - first)
        records = _resting(rng, np.asarray(accounts), count, gateway.next_order_id)
        await gateway.submit(records, count)
    await gateway.close()


def _resting(
    rng: np.random.Generator,
    accounts: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    count: int,
    next_order_id: Callable[[], int],
) -> bytes:
    places = np.zeros(count, COMMAND)
    places["kind"], places["records"] = CommandKind.PLACE, 1
    places["side"] = rng.integers(0, 2, count)
    places["account"] = rng.choice(accounts, count)
    away = rng.integers(EDGE + 1, _LEVELS, count)
    places["price"] = np.where(places["side"] == Side.ASK, MIDDLE + away, MIDDLE - away)
    places["quantity"] = rng.integers(1, 100, count)
    places["order_id"] = [next_order_id() for _ in range(count)]
    return places.tobytes()

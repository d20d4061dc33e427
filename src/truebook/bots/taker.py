"""The noise taker: small orders at random times, so that there is something to see.

In every market, once in a while: a market order for a small amount, a limit order that takes what
it gets at the best price (IOC), or now and then one that rests inside the spread. Which side is
chance, leaning to the one that brings the inventory back to where it began, so it can go on for
days.

Promise: at most one order of its rests in a market, and none once it has withdrawn.
"""

import random
from collections.abc import Mapping
from decimal import Decimal

from truebook.bots.client import Client, ExchangeError, Refused
from truebook.bots.maker import cancel_everything, chosen
from truebook.bots.market import Market
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.config import BotsSection

BALANCES_S = 5.0
"""How old what we know of our balances may be."""
LEAN_FULL = Decimal("0.002")
"""At this much more or less than its target, of the target, a side is all but certain."""
SIDE_CHANCE_MIN = 0.05
IOC_SHARE = 0.25
REST_SHARE = 0.1
FUNDS = "INSUFFICIENT_FUNDS"


class Taker:
    """One account's noise in all markets."""

    def __init__(
        self,
        client: Client,
        settings: BotsSection,
        targets: Mapping[str, Decimal],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._settings = settings
        self._targets = dict(targets)
        """The inventory to stay near; of other assets, what we have at the start."""
        self._clock = clock
        self._random = random.Random(f"{settings.seed}:taker")
        self._markets: list[Market] = []
        self._due_s: dict[str, float] = {}
        self._balances: dict[str, Decimal] = {}
        self._balances_s = 0.0

    async def turn(self) -> float:
        """Do what is due; the seconds until something is due again."""
        if not self._markets:
            await self._begin()
        now_s = self._clock.elapsed_s()
        if now_s - self._balances_s > BALANCES_S:
            await self._look_at_balances()
        for market in self._markets:
            if self._due_s[market.symbol] <= now_s:
                self._due_s[market.symbol] = now_s + self._pause_s()
                await self._act(market)
        next_s = min(self._due_s.values(), default=now_s + BALANCES_S)
        return max(0.0, next_s - self._clock.elapsed_s())

    async def withdraw(self) -> None:
        """Cancel all our orders."""
        await cancel_everything(self._client)

    async def _begin(self) -> None:
        markets = chosen(await self._client.markets(), self._settings.markets)
        await self._look_at_balances()
        await cancel_everything(self._client)
        now_s = self._clock.elapsed_s()
        self._due_s = {market.symbol: now_s + self._pause_s() for market in markets}
        self._markets = markets

    async def _look_at_balances(self) -> None:
        self._balances = await self._client.balances()
        self._balances_s = self._clock.elapsed_s()
        self._targets = self._balances | self._targets

    def _pause_s(self) -> float:
        """Between half and one and a half times the usual."""
        return self._settings.taker_pause_s * self._random.uniform(0.5, 1.5)

    async def _act(self, market: Market) -> None:
        is_bid = self._random.random() < buying_chance(
            self._balances.get(market.base, Decimal(0)),
            self._targets.get(market.base, Decimal(0)),
        )
        amount = Decimal(self._settings.take_quote) * Decimal(self._random.randint(20, 200)) / 100
        kind = self._random.random()
        try:
            if kind < REST_SHARE:
                await self._rest(market, is_bid, amount)
            elif kind < REST_SHARE + IOC_SHARE:
                await self._take_at_best(market, is_bid, amount)
            else:
                await self._take(market, is_bid, amount)
        except Refused as error:
            # A book that moved in between, or funds that are used up on this side: the next order
            # is another one. Anything else means that our orders are wrong.
            if error.code not in (FUNDS, "INVALID_ORDER", "INVALID_PRICE"):
                raise

    async def _take(self, market: Market, is_bid: bool, amount: Decimal) -> None:
        order = _order(market, is_bid, "Market", quoteQuantity=market.amount_text(amount))
        await self._client.place(order)

    async def _take_at_best(self, market: Market, is_bid: bool, amount: Decimal) -> None:
        best = await self._best(market)
        if best is None:
            await self._take(market, is_bid, amount)
            return
        order = _limit(market, is_bid, best[1] if is_bid else best[0], amount)
        await self._client.place(order | {"timeInForce": "IOC"})

    async def _rest(self, market: Market, is_bid: bool, amount: Decimal) -> None:
        await self._client.cancel_all(market.symbol)
        best = await self._best(market)
        if best is not None and best[1] - best[0] >= 2:
            ticks = self._random.randint(best[0] + 1, best[1] - 1)
            await self._client.place(_limit(market, is_bid, ticks, amount) | {"postOnly": True})

    async def _best(self, market: Market) -> tuple[int, int] | None:
        """Best bid and ask in ticks; None also if there is nobody to tell them just now."""
        try:
            best = await self._client.best_prices(market.symbol)
        except ExchangeError:
            return None
        return (market.ticks(best[0]), market.ticks(best[1])) if best else None


def buying_chance(held: Decimal, target: Decimal) -> float:
    """How likely the next order is to buy: even at the target, less the more we have."""
    if target <= 0:
        return 0.5
    excess = (held - target) / (target * LEAN_FULL)
    return max(SIDE_CHANCE_MIN, min(1 - SIDE_CHANCE_MIN, 0.5 - float(excess) / 2))


def _limit(market: Market, is_bid: bool, ticks: int, amount: Decimal) -> dict[str, object]:
    return _order(
        market,
        is_bid,
        "Limit",
        price=market.price_text(ticks),
        quantity=market.quantity_text(market.lots_worth(amount, ticks)),
    )


def _order(market: Market, is_bid: bool, kind: str, **fields: str) -> dict[str, object]:
    return {
        "symbol": market.symbol,
        "side": "Bid" if is_bid else "Ask",
        "orderType": kind,
        # Our own order that rests in the way is cancelled.
        "selfTradePrevention": "RejectMaker",
        **fields,
    }

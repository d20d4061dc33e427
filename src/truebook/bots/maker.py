"""The market maker: keeps a ladder of quotes in each market, around a reference price.

Every second it looks at what it has and what rests, works out what should rest, places what is
missing, as one batch of post-only orders, and cancels what is wrong.

Promise: it decides nothing from memory. Whatever happened since the last round (fills, a lost
answer, a restarted exchange, a maker that was killed), the next round sees what is there and puts
it right. It never trades with itself: what is in the way of a new quote is cancelled before it,
quotes never take, and the bids of a ladder are below its asks. It never leaves a side of the book
empty: what isn't in the way is cancelled last.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import structlog

from truebook.bots.client import Client, Order, Refused, Unavailable
from truebook.bots.ladder import Quote, Shape, affordable, difference, ladder, skewed, steps
from truebook.bots.market import Market
from truebook.bots.reference import Reference, Walk, read_prices, toward
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.config import BotsSection, UserError

log = structlog.get_logger()

LAST_PRICE_PATIENCE = 5
"""So often a turn is given up since nobody tells a last price; then it is done without."""
FAR_FROM_CONFIGURED = Decimal("0.2")
"""A last price further away than this from the configured one shows that the market has moved."""
USUAL_REFUSALS = {"Order would immediately match and take", "Insufficient funds"}
"""Somebody quotes better than we want to, or what is about to be cancelled still holds the funds:
the next turn puts it right."""


class Maker:
    """One account's quotes in all markets."""

    def __init__(
        self,
        client: Client,
        settings: BotsSection,
        targets: Mapping[str, Decimal],
        start_prices: Mapping[str, Decimal],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._settings = settings
        self._shape = Shape(
            settings.levels,
            settings.spread_bp,
            settings.step_bp,
            Decimal(settings.level_quote),
            settings.skew_bp,
        )
        self._targets = dict(targets)
        """The inventory to come back to; of other assets, what we have at the start."""
        self._start_prices = start_prices
        self._clock = clock
        self._markets: list[Market] = []
        self._references: dict[str, tuple[float, Reference]] = {}
        self._centres: dict[str, int] = {}
        self._last_price_patience = LAST_PRICE_PATIENCE
        self._told: set[tuple[str, str]] = set()

    async def turn(self) -> float:
        """Put all markets right; the seconds until the next turn."""
        if not self._markets:
            self._markets = chosen(await self._client.markets(), self._settings.markets)
        balances = await self._client.balances()
        self._targets = balances | self._targets
        resting = await self._client.open_orders()
        for market in self._markets:
            ours = [order for order in resting if order.symbol == market.symbol]
            await self._put_right(market, ours, balances)
        return self._settings.maker_pause_s

    async def withdraw(self) -> None:
        """Cancel all our orders."""
        await cancel_everything(self._client)

    async def _put_right(
        self, market: Market, resting: Sequence[Order], balances: Mapping[str, Decimal]
    ) -> None:
        reference = await self._reference_price(market)
        if reference is None:
            return
        wanted = self._wanted(market, reference, balances)
        todo = steps(market, *difference(market, wanted, resting))
        await self._place(market, todo.place)
        await self._cancel(todo.make_way)
        await self._place(market, todo.place_then)
        await self._cancel(todo.cancel)

    async def _cancel(self, orders: Sequence[Order]) -> None:
        for order in orders:
            await self._client.cancel(order.symbol, order.order_id)

    async def _place(self, market: Market, quotes: Sequence[Quote]) -> None:
        answers = await self._client.place_batch([_payload(market, quote) for quote in quotes])
        for answer in answers:
            if answer["operation"] == "Err" and answer["message"] not in USUAL_REFUSALS:
                self._tell_once(market.symbol, f"{answer['code']}: {answer['message']}")

    def _wanted(
        self, market: Market, reference: int, balances: Mapping[str, Decimal]
    ) -> list[Quote]:
        """The ladder that our inventory calls for and allows."""
        held = balances.get(market.base, Decimal(0))
        a_side = sum(q.quantity for q in ladder(market, self._shape, reference) if not q.is_bid)
        excess = (held - self._targets.get(market.base, Decimal(0))) / (market.step * a_side)
        quotes = ladder(market, self._shape, skewed(reference, self._shape, excess))
        # An asset that several markets need is shared out evenly.
        shares = [
            balances.get(asset, Decimal(0)) / sum(asset in (m.base, m.quote) for m in self._markets)
            for asset in (market.base, market.quote)
        ]
        return affordable(market, quotes, *shares)

    async def _reference_price(self, market: Market) -> int | None:
        """The reference now, in ticks; None while nobody knows what the market is worth."""
        now_s = self._clock.elapsed_s()
        if market.symbol not in self._references:
            last = await self._last_price(market)
            reference = self._make_reference(market, last)
            if reference is None:
                return None
            self._references[market.symbol] = now_s, reference
            self._centres[market.symbol] = market.ticks(last) if last else reference.price(0.0)
        since_s, reference = self._references[market.symbol]
        centre = toward(self._centres[market.symbol], reference.price(now_s - since_s))
        self._centres[market.symbol] = centre
        return centre

    async def _last_price(self, market: Market) -> Decimal | None:
        """The last trade's price, if there is one and somebody tells it before long."""
        try:
            return await self._client.last_price(market.symbol)
        except Refused:
            return None
        except Unavailable:
            self._last_price_patience -= 1
            if self._last_price_patience >= 0:
                raise
            return None

    def _make_reference(self, market: Market, last: Decimal | None) -> Reference | None:
        settings = self._settings
        if file := settings.prices.get(market.symbol):
            return read_prices(Path(file).expanduser(), market.tick, settings.walk_step_s)
        anchor = anchor_of(self._start_prices.get(market.symbol), last)
        if anchor is None:
            self._tell_once(market.symbol, "nobody knows what it is worth: not quoted yet")
            return None
        seed = f"{settings.seed}:{market.symbol}"
        start = market.ticks(last or anchor)
        return Walk(seed, market.ticks(anchor), start, settings.volatility_bp, settings.walk_step_s)

    def _tell_once(self, symbol: str, reason: str) -> None:
        if (symbol, reason) not in self._told:
            self._told.add((symbol, reason))
            log.warning("a quote is missing", market=symbol, reason=reason)


def anchor_of(configured: Decimal | None, last: Decimal | None) -> Decimal | None:
    """The price to stay near: the configured one, unless the market is somewhere else by now."""
    if configured is None or last is None:
        return configured or last
    is_near = abs(last - configured) <= configured * FAR_FROM_CONFIGURED
    return configured if is_near else last


def chosen(markets: Sequence[Market], symbols: Sequence[str]) -> list[Market]:
    """The markets with these symbols; all, if none is named. Raises UserError."""
    if unknown := set(symbols) - {market.symbol for market in markets}:
        raise UserError(f"bots.markets: there is no market {', '.join(sorted(unknown))}")
    return [market for market in markets if not symbols or market.symbol in symbols]


async def cancel_everything(client: Client) -> None:
    """Cancel all our orders, until none is left."""
    while orders := await client.open_orders():
        for symbol in {order.symbol for order in orders}:
            await client.cancel_all(symbol)


def _payload(market: Market, quote: Quote) -> dict[str, object]:
    return {
        "symbol": market.symbol,
        "side": "Bid" if quote.is_bid else "Ask",
        "orderType": "Limit",
        "price": market.price_text(quote.price),
        "quantity": market.quantity_text(quote.quantity),
        "postOnly": True,
    }

"""A market as a bot sees it: its grid of prices and quantities.

Prices are counted in ticks and quantities in lots, as whole numbers, so that nothing a bot sends is
ever off the grid; they become decimal text at the last moment.
"""

from decimal import Decimal
from typing import Any, NamedTuple


class Market(NamedTuple):
    """What `/api/v1/markets` says of one market."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    lots_min: int

    @classmethod
    def from_json(cls, market: dict[str, Any]) -> "Market":
        """Read it."""
        prices, quantities = market["filters"]["price"], market["filters"]["quantity"]
        step = Decimal(quantities["stepSize"])
        return cls(
            symbol=market["symbol"],
            base=market["baseSymbol"],
            quote=market["quoteSymbol"],
            tick=Decimal(prices["tickSize"]),
            step=step,
            lots_min=max(1, int(Decimal(quantities["minQuantity"]) / step)),
        )

    @property
    def unit(self) -> Decimal:
        """What one lot costs at a price of one tick; every amount of quote is a multiple of it."""
        return self.tick * self.step

    def ticks(self, price: Decimal) -> int:
        """A price on the grid, rounded down."""
        return int(price / self.tick)

    def lots(self, quantity: Decimal) -> int:
        """A quantity on the grid, rounded down."""
        return int(quantity / self.step)

    def lots_worth(self, amount: Decimal, price: int) -> int:
        """What an amount of quote buys at a price in ticks; at least the smallest order."""
        return max(self.lots_min, int(amount / (self.unit * price)))

    def price_text(self, ticks: int) -> str:
        """A price as the API takes it."""
        return f"{self.tick * ticks:f}"

    def quantity_text(self, lots: int) -> str:
        """A quantity as the API takes it."""
        return f"{self.step * lots:f}"

    def amount_text(self, amount: Decimal) -> str:
        """An amount of quote, rounded down to what can be paid with lots, at least one unit."""
        return f"{self.unit * max(1, int(amount / self.unit)):f}"

"""Assets and markets as the directory has them, read from a database."""

from collections.abc import Iterator

from truebook.directory import Asset, Market
from truebook.messages import MarketState
from truebook.store.sql.connection import Connection
from truebook.units import Grid

_MARKETS = """
SELECT market, symbol, base, quote, tick_mantissa, tick_exponent, step_mantissa, step_exponent,
  state, price_min, price_max, quantity_min, quantity_max, price_reference, open_orders_max,
  band_max_bp, band_min_bp, impact_max_bp, impact_min_bp
FROM markets
"""


def read_assets(connection: Connection) -> dict[int, Asset]:
    """All assets by number."""
    return {asset.number: asset for asset in _assets(connection)}


def read_markets(connection: Connection, assets: dict[int, Asset]) -> dict[int, Market]:
    """All markets by number."""
    return {market.number: market for market in _markets(connection, assets)}


def _assets(connection: Connection) -> Iterator[Asset]:
    query = "SELECT asset, symbol, display_name, decimals FROM assets"
    for number, symbol, name, decimals in connection.execute(query):
        yield Asset(number, symbol, name.decode(errors="replace"), decimals, Grid(1, decimals))


def _markets(connection: Connection, assets: dict[int, Asset]) -> Iterator[Market]:
    for row in connection.execute(_MARKETS):
        number, symbol, base, quote, tick, tick_exponent, step, step_exponent, state, *rest = row
        yield Market(
            number,
            symbol,
            assets[base],
            assets[quote],
            Grid(tick, tick_exponent),
            Grid(step, step_exponent),
            MarketState(state),
            *rest,
        )

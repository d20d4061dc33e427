"""A venue as people write it down, and the commands that set it up in an empty log.

Promise: `commands_of` gives, in an order that the engine accepts, every setting of the venue; and
`DEFAULT_VENUE` is what `truebook up` offers without any configuration.

Internal decimals are chosen, not copied from the chains: an asset's whole supply must stay below
2^62 atoms, which at Ethereum's 18 decimals would be 4.6 ETH. Eight decimals leave 46 billion. USDC
keeps its six: one tick × one lot of each default market is then a whole number of atoms.
"""

import msgspec

from truebook import commands
from truebook.limits import AMOUNT_MAX, NOTIONAL_MAX, PRICE_TICKS_MAX
from truebook.messages import RULES_VERSION_MAX, MarketState
from truebook.units import BASIS_POINT_GRID, AmountError, Grid, parse, parse_grid


class VenueError(ValueError):
    """A venue that can't be set up; the text names the market or asset and the field."""


class AssetPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset; `decimals` is how finely the exchange keeps it."""

    symbol: str
    decimals: int
    display_name: str = ""


class MarketPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market. All numbers are decimal text; what is empty takes the widest bound there is."""

    symbol: str
    """Base and quote, as in `SOL_USDC`."""
    tick: str
    step: str
    reference: str = "0"
    """Price bands refer to it until the first trade; 0: no band until then."""
    price_min: str = ""
    price_max: str = ""
    quantity_min: str = ""
    quantity_max: str = ""
    open_orders_max: int = 500
    band_min: str = "0.75"
    band_max: str = "1.25"
    impact_min: str = "0.97"
    impact_max: str = "1.03"


class TierPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fee tier, in basis points; accounts start in tier 0."""

    maker_bp: int
    taker_bp: int


class Venue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the first entries of a log set."""

    assets: tuple[AssetPlan, ...]
    markets: tuple[MarketPlan, ...]
    tiers: tuple[TierPlan, ...] = (TierPlan(maker_bp=8, taker_bp=10),)


DEFAULT_VENUE = Venue(
    assets=(
        AssetPlan("USDC", 6, "USD Coin"),
        AssetPlan("SOL", 9, "Solana"),
        AssetPlan("BTC", 8, "Bitcoin"),
        AssetPlan("ETH", 8, "Ethereum"),
    ),
    markets=(
        MarketPlan("SOL_USDC", tick="0.01", step="0.01", reference="100"),
        MarketPlan("BTC_USDC", tick="0.1", step="0.00001", reference="100000"),
        MarketPlan("ETH_USDC", tick="0.01", step="0.0001", reference="3000"),
    ),
)


def commands_of(venue: Venue) -> list[bytes]:
    """The venue's settings, one command each: the rules, assets, tiers, markets. Raises
    VenueError."""
    assets = {asset.symbol: (index, asset) for index, asset in enumerate(venue.assets)}
    settings = [commands.set_rules(RULES_VERSION_MAX)]
    settings += [
        commands.set_asset(
            asset=index,
            symbol=asset.symbol,
            decimals=asset.decimals,
            display_name=asset.display_name or asset.symbol,
        )
        for index, asset in assets.values()
    ]
    settings += [
        commands.set_tier(tier=index, maker_bp=tier.maker_bp, taker_bp=tier.taker_bp)
        for index, tier in enumerate(venue.tiers)
    ]
    for index, plan in enumerate(venue.markets):
        base, _, quote = plan.symbol.partition("_")
        if base not in assets or quote not in assets:
            raise VenueError(f"{plan.symbol}: symbol must join two assets of the venue by _")
        settings.append(market_command(index, plan, assets[base], assets[quote]))
    return settings


def market_command(
    index: int,
    plan: MarketPlan,
    base: tuple[int, AssetPlan],
    quote: tuple[int, AssetPlan],
    state: MarketState = MarketState.OPEN,
) -> bytes:
    """SET_MARKET of a market between two assets, each with its index. Raises VenueError."""
    tick, step = _grid(plan, "tick"), _grid(plan, "step")
    lot_atoms = _whole(plan, step.mantissa, base[1].decimals - step.exponent)
    exponent = quote[1].decimals - tick.exponent - step.exponent
    unit = _whole(plan, tick.mantissa * step.mantissa, exponent)
    price_limit = min(PRICE_TICKS_MAX, NOTIONAL_MAX // unit)
    return commands.set_market(
        market=index,
        state=state,
        base=base[0],
        quote=quote[0],
        tick=tick,
        step=step,
        price_min=_count(plan, "price_min", tick, price_limit, default=1),
        price_max=_count(plan, "price_max", tick, price_limit, default=price_limit),
        quantity_min=_count(plan, "quantity_min", step, AMOUNT_MAX, default=1),
        quantity_max=_count(
            plan, "quantity_max", step, AMOUNT_MAX // lot_atoms, default=AMOUNT_MAX // lot_atoms
        ),
        price_reference=_count(plan, "reference", tick, price_limit, default=0),
        open_orders_max=plan.open_orders_max,
        band_min_bp=_count(plan, "band_min", BASIS_POINT_GRID, 10_000, default=0),
        band_max_bp=_count(plan, "band_max", BASIS_POINT_GRID, 65_535, default=0),
        impact_min_bp=_count(plan, "impact_min", BASIS_POINT_GRID, 10_000, default=0),
        impact_max_bp=_count(plan, "impact_max", BASIS_POINT_GRID, 65_535, default=0),
    )


def _grid(plan: MarketPlan, field: str) -> Grid:
    try:
        return parse_grid(getattr(plan, field))
    except AmountError as error:
        raise VenueError(f"{plan.symbol}: {field} {error}") from error


def _count(plan: MarketPlan, field: str, grid: Grid, count_max: int, default: int) -> int:
    text = getattr(plan, field)
    try:
        return parse(text, grid, count_max) if text else default
    except AmountError as error:
        raise VenueError(f"{plan.symbol}: {field} {error}") from error


def _whole(plan: MarketPlan, mantissa: int, exponent: int) -> int:
    """mantissa × 10 ** exponent, which must be a whole number of atoms."""
    ten_to: int = 10 ** abs(exponent)
    atoms, rest = (mantissa * ten_to, 0) if exponent >= 0 else divmod(mantissa, ten_to)
    if rest or not 1 <= atoms <= AMOUNT_MAX:
        raise VenueError(f"{plan.symbol}: tick × step must be a whole number of quote atoms")
    return atoms

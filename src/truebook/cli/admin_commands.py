"""`truebook admin …`: what administrators do, for whoever runs the exchange.

Each change needs `--reason`, and stands in the log with it and with the name of who ran it.
"""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from truebook.cli.options import HERE, Json, Place

admin_app = App(name="admin", help="Credits, markets, fees, blocks; each in the log, with why.")

Reason = Annotated[str, Parameter(help="Why; it is kept in the log for ever.")]


@admin_app.command
def credit(
    name: str,
    amount: str,
    /,
    *,
    reason: Reason,
    reference: str = "",
    place: Place = HERE,
) -> None:
    """Credit an account.

    Parameters
    ----------
    name
        Of the account, or its number.
    amount
        As in USDC=100.
    reference
        What it is outside, as the number of a transfer; credited once, however often it is tried.
    """
    from truebook.cli.administration import credit as run

    run(place.read(), name, amount, reason, reference)


@admin_app.command
def debit(
    name: str,
    amount: str,
    /,
    *,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Debit what an account has available.

    Parameters
    ----------
    name
        Of the account, or its number.
    amount
        As in USDC=100.
    """
    from truebook.cli.administration import debit as run

    run(place.read(), name, amount, reason)


@admin_app.command
def market_state(
    symbol: str,
    state: str,
    /,
    *,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Halt, restrict or reopen a market.

    Parameters
    ----------
    symbol
        As in SOL_USDC.
    state
        Open, CancelOnly, PostOnly, LimitOnly or Closed.
    """
    from truebook.cli.administration import market_state as run

    run(place.read(), symbol, state, reason)


@admin_app.command
def add_asset(
    symbol: str,
    /,
    *,
    decimals: int,
    display_name: str = "",
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Add an asset.

    Parameters
    ----------
    symbol
        A–Z and 0–9.
    decimals
        How finely the exchange keeps it, for good.
    display_name
        What people call it.
    """
    from truebook.cli.administration import add_asset as run

    fields = {"symbol": symbol, "decimals": decimals, "display_name": display_name}
    run(place.read(), fields, reason)


@admin_app.command
def add_market(
    symbol: str,
    /,
    *,
    tick: str,
    step: str,
    reference: str = "0",
    state: str = "Open",
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Add a market between two assets.

    Parameters
    ----------
    symbol
        Base and quote, as in SOL_USDC.
    tick
        The step of prices, for good.
    step
        The step of quantities, for good.
    reference
        What price bands refer to until the first trade; 0: no band until then.
    state
        Open, CancelOnly, PostOnly, LimitOnly or Closed.
    """
    from truebook.cli.administration import add_market as run

    fields: dict[str, object] = {
        "symbol": symbol,
        "tick": tick,
        "step": step,
        "reference": reference,
    }
    run(place.read(), fields, state, reason)


@admin_app.command
def market(
    symbol: str,
    /,
    *,
    open_orders_max: int | None = None,
    price_min: str | None = None,
    price_max: str | None = None,
    quantity_min: str | None = None,
    quantity_max: str | None = None,
    reference: str | None = None,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Change a market's filters and its cap on open orders; what isn't named stays.

    Parameters
    ----------
    symbol
        As in SOL_USDC.
    open_orders_max
        How many orders an account may have open in it.
    price_min
        The lowest price of an order.
    price_max
        The highest.
    quantity_min
        The smallest quantity of an order.
    quantity_max
        The largest.
    reference
        What price bands refer to until the first trade.
    """
    from truebook.cli.administration import market as run

    changes: dict[str, object] = {
        "open_orders_max": open_orders_max,
        "price_min": price_min,
        "price_max": price_max,
        "quantity_min": quantity_min,
        "quantity_max": quantity_max,
        "reference": reference,
    }
    run(place.read(), symbol, changes, reason)


@admin_app.command
def withdrawals(*, place: Place = HERE, json: Json = False) -> None:
    """List the withdrawals that wait, with where they shall go to, as the log says it."""
    from truebook.cli.administration import print_withdrawals

    print_withdrawals(place.read(), json)


@admin_app.command
def settle(
    number: int,
    outcome: Literal["confirmed", "declined"],
    /,
    *,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Let a withdrawal leave the exchange, or refuse it.

    Parameters
    ----------
    number
        Of the withdrawal, as `withdrawals` lists it.
    outcome
        confirmed: it has been paid out. declined: the amount is available again.
    """
    from truebook.cli.administration import settle as run

    run(place.read(), number, outcome, reason)


@admin_app.command
def tier(
    number: int,
    /,
    *,
    maker: int,
    taker: int,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Set the fees of a tier.

    Parameters
    ----------
    number
        Of the tier; accounts start in 0.
    maker
        Basis points; negative: a rebate.
    taker
        Basis points.
    """
    from truebook.cli.administration import tier as run

    run(place.read(), number, maker, taker, reason)


@admin_app.command
def rules(version: int, /, *, reason: Reason, place: Place = HERE) -> None:
    """Have all engines follow a later version of the rules, for good (docs/operations.md).

    Parameters
    ----------
    version
        Of docs/rules.md; every engine that runs must know it.
    """
    from truebook.cli.administration import rules as run

    run(place.read(), version, reason)


@admin_app.command
def account(
    name: str,
    /,
    *,
    tier: int | None = None,
    open_orders_max: int | None = None,
    block: bool | None = None,
    reason: Reason,
    place: Place = HERE,
) -> None:
    """Change an account's fee tier or cap, block it or unblock it (--no-block).

    Parameters
    ----------
    name
        Of the account, or its number.
    tier
        Its fee tier.
    open_orders_max
        How many orders it may have open in all markets together.
    block
        Whether it may do no more than cancel orders.
    """
    from truebook.cli.administration import account as run

    run(place.read(), name, (tier, open_orders_max, block), reason)


@admin_app.command
def history(*, place: Place = HERE, json: Json = False) -> None:
    """Tell who had what changed, and why, from the beginning of the log."""
    from truebook.cli.administration import print_history

    print_history(place.read(), json)

"""`truebook admin …`: what administrators do, for whoever runs the exchange.

Each change needs `--reason`, and stands in the log with it and with the name of who ran it.
"""

from typing import Annotated

from cyclopts import App, Parameter

from truebook.cli.options import ConfigFile, Data, Json, config_of

admin_app = App(name="admin", help="Credits, markets, fees, blocks; each in the log, with why.")

Reason = Annotated[str, Parameter(help="Why; it is kept in the log for ever.")]


@admin_app.command
def credit(
    name: str,
    amount: str,
    /,
    *,
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Credit an account.

    Parameters
    ----------
    name
        Of the account, or its number.
    amount
        As in USDC=100.
    """
    from truebook.cli.administration import credit as run

    run(config_of(data, config), name, amount, reason)


@admin_app.command
def debit(
    name: str,
    amount: str,
    /,
    *,
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
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

    run(config_of(data, config), name, amount, reason)


@admin_app.command
def market_state(
    symbol: str,
    state: str,
    /,
    *,
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
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

    run(config_of(data, config), symbol, state, reason)


@admin_app.command
def add_asset(
    symbol: str,
    /,
    *,
    decimals: int,
    display_name: str = "",
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
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
    run(config_of(data, config), fields, reason)


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
    data: Data = None,
    config: ConfigFile = None,
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
    run(config_of(data, config), fields, state, reason)


@admin_app.command
def tier(
    number: int,
    /,
    *,
    maker: int,
    taker: int,
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
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

    run(config_of(data, config), number, maker, taker, reason)


@admin_app.command
def account(
    name: str,
    /,
    *,
    tier: int | None = None,
    open_orders_max: int | None = None,
    block: bool | None = None,
    reason: Reason,
    data: Data = None,
    config: ConfigFile = None,
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

    run(config_of(data, config), name, (tier, open_orders_max, block), reason)


@admin_app.command
def history(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """Tell who had what changed, and why, from the beginning of the log."""
    from truebook.cli.administration import print_history

    print_history(config_of(data, config), json)

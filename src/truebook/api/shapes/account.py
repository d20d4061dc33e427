"""An account: its settings, balances and limits, and its past (contract A6)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import (
    Amount,
    AssetSymbol,
    Count,
    Decimal,
    Limit,
    Milliseconds,
    Offset,
    OrderId,
    Side,
    SortDirection,
    Symbol,
)


class Account(TypedDict):
    """Fees in basis points, and what a spot venue says about margin."""

    autoBorrowSettlements: bool
    autoLend: bool
    autoRealizePnl: bool
    autoRepayBorrows: bool
    borrowLimit: Decimal
    futuresMakerFee: Decimal
    futuresTakerFee: Decimal
    leverageLimit: Decimal
    limitOrders: Count
    liquidating: bool
    positionLimit: Decimal
    spotMakerFee: Decimal
    spotTakerFee: Decimal
    triggerOrders: Count


class AccountSettings(TypedDict):
    """Settings of margin and lending: a spot venue takes those that ask for nothing of it."""

    autoBorrowSettlements: NotRequired[bool | None]
    autoLend: NotRequired[bool | None]
    autoRealizePnl: NotRequired[bool | None]
    autoRepayBorrows: NotRequired[bool | None]
    leverageLimit: NotRequired[Amount | None]


class Balance(TypedDict):
    """What an account has of an asset."""

    available: Decimal
    locked: Decimal
    staked: Decimal


class OrderLimit(TypedDict):
    """The largest quantity that the available balance allows."""

    maxOrderQuantity: Decimal
    symbol: Symbol
    side: Side
    price: Decimal | None


class WithdrawalLimit(TypedDict):
    """What could be withdrawn of an asset."""

    maxWithdrawalQuantity: Decimal
    symbol: AssetSymbol


class BorrowLimit(TypedDict):
    """What could be borrowed of an asset: nothing."""

    maxBorrowQuantity: Decimal
    symbol: AssetSymbol


class OfOrderLimit(TypedDict):
    """Query: which order; a bid needs a price."""

    symbol: Symbol
    side: Side
    price: NotRequired[Amount]


class OfWithdrawalLimit(TypedDict):
    """Query: which asset."""

    symbol: AssetSymbol


class OfNoHistory(TypedDict):
    """Query: a page of nothing."""

    limit: NotRequired[Limit]
    offset: NotRequired[Offset]
    sortDirection: NotRequired[SortDirection]


class OfPastOrders(TypedDict):
    """Query: orders of the past."""

    orderId: NotRequired[OrderId]
    strategyId: NotRequired[str]
    symbol: NotRequired[Symbol]
    limit: NotRequired[Limit]
    offset: NotRequired[Offset]
    sortDirection: NotRequired[SortDirection]


FillType = Literal[
    "User",
    "BookLiquidation",
    "Adl",
    "Backstop",
    "Liquidation",
    "AllLiquidation",
    "CollateralConversion",
    "CollateralConversionAndSpotLiquidation",
]

OfFills = TypedDict(
    "OfFills",
    {
        "orderId": NotRequired[OrderId],
        "strategyId": NotRequired[str],
        "from": NotRequired[Milliseconds],
        "to": NotRequired[Milliseconds],
        "symbol": NotRequired[Symbol],
        "limit": NotRequired[Limit],
        "offset": NotRequired[Offset],
        "fillType": NotRequired[FillType],
        "sortDirection": NotRequired[SortDirection],
    },
)
"""Query: fills of the past."""


class Error(TypedDict):
    """What went wrong (docs/http.md)."""

    code: Annotated[str, Meta(pattern="^[A-Z_]+$")]
    message: str
    field: NotRequired[Annotated[str, Meta(description="which field is to blame")]]
    id: NotRequired[Annotated[str, Meta(description="the order concerned")]]
    ids: NotRequired[Annotated[list[str], Meta(description="the orders of a batch")]]

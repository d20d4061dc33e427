"""Orders as they are placed, cancelled and told (contract A5)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import (
    Amount,
    AmountOrPercent,
    ClientId,
    Count,
    Decimal,
    IsoTime,
    MarketType,
    Milliseconds,
    OrderId,
    OrderState,
    SelfTradePrevention,
    Side,
    Symbol,
    TimeInForce,
)
from truebook.limits import TIMER_MS_MAX


class PlaceOrder(TypedDict):
    """An order to place. Fields about lending, positions and brokers, and unknown ones, are
    ignored."""

    symbol: Symbol
    side: Side
    orderType: Literal["Limit", "Market"]
    price: NotRequired[Amount | None]
    quantity: NotRequired[Amount | None]
    quoteQuantity: NotRequired[Amount | None]
    timeInForce: NotRequired[TimeInForce | None]
    postOnly: NotRequired[bool | None]
    kind: NotRequired[Literal["ioc", "post_only"] | None]
    selfTradePrevention: NotRequired[SelfTradePrevention | None]
    clientId: NotRequired[ClientId | None]
    triggerPrice: NotRequired[Amount | None]
    triggerQuantity: NotRequired[AmountOrPercent | None]
    triggerBy: NotRequired[Literal["LastPrice"] | None]
    slippageTolerance: NotRequired[Amount | None]
    slippageToleranceType: NotRequired[Literal["TickSize", "Percent"] | None]


class CancelOrder(TypedDict):
    """Which order: exactly one of `orderId` and `clientId`."""

    symbol: Symbol
    orderId: NotRequired[OrderId]
    clientId: NotRequired[ClientId]


class AmendOrder(TypedDict):
    """Which resting order (exactly one of `orderId` and `clientId`), and what it shall be."""

    symbol: Symbol
    orderId: NotRequired[OrderId]
    clientId: NotRequired[ClientId]
    price: Amount
    quantity: Amount


class CancelOrders(TypedDict):
    """Which orders of a market; without `orderType` all."""

    symbol: Symbol
    orderType: NotRequired[Literal["RestingLimitOrder", "ConditionalOrder"]]


class CancelAllAfter(TypedDict):
    """When all orders of the account shall be cancelled, unless this is said again before; 0: not
    at all."""

    countdownTime: Annotated[int, Meta(ge=0, le=TIMER_MS_MAX, description="milliseconds")]


class Countdown(TypedDict):
    """What was set."""

    countdownTime: Annotated[int, Meta(ge=0, le=TIMER_MS_MAX, description="milliseconds")]


class OfOrder(TypedDict):
    """Query: exactly one of `orderId` and `clientId`."""

    symbol: Symbol
    orderId: NotRequired[OrderId]
    clientId: NotRequired[ClientId]


class OfOrders(TypedDict):
    """Query: open orders."""

    symbol: NotRequired[Symbol]
    marketType: NotRequired[list[MarketType]]


class Head(TypedDict):
    """What every order begins with."""

    orderType: Literal["Limit", "Market"]
    id: OrderId
    clientId: Count | None


class Executed(TypedDict):
    """How much of an order was executed."""

    executedQuantity: Decimal
    executedQuoteQuantity: Decimal


class LimitTerms(TypedDict):
    """What only an order with a price has. `quantity` is null while it waits for its trigger."""

    postOnly: bool
    price: Decimal
    quantity: Decimal | None


class MarketTerms(TypedDict):
    """What only an order has that trades at once; `quantity` of one by quote is what it traded."""

    quantity: Decimal | None
    quoteQuantity: Decimal | None


class Tail(TypedDict):
    """What every order ends with."""

    reduceOnly: None
    relatedOrderId: None
    selfTradePrevention: SelfTradePrevention
    side: Side
    status: OrderState
    stopLossLimitPrice: None
    stopLossTriggerBy: None
    stopLossTriggerPrice: None
    strategyId: None
    symbol: Symbol
    takeProfitLimitPrice: None
    takeProfitTriggerBy: None
    takeProfitTriggerPrice: None
    timeInForce: TimeInForce
    triggerBy: Literal["LastPrice"] | None
    triggerPrice: Decimal | None
    triggerQuantity: str | None
    triggeredAt: Milliseconds | None


class LimitOrder(Head, Executed, LimitTerms, Tail):
    """An order with a price."""

    createdAt: Milliseconds


class MarketOrder(Head, Executed, MarketTerms, Tail):
    """An order that trades at once."""

    createdAt: Milliseconds


Order = LimitOrder | MarketOrder


class Expiry(TypedDict):
    """What only the past tells of an order."""

    expiryReason: str | None
    systemOrderType: None
    slippageTolerance: Decimal | None
    slippageToleranceType: Literal["TickSize", "Percent"] | None


class OrderAccepted(TypedDict):
    """An order that is in the log; what became of it was not waited for."""

    id: OrderId


class PlacedLimit(LimitOrder):
    """An order of a batch."""

    operation: Literal["Ok"]


class PlacedMarket(MarketOrder):
    """An order of a batch."""

    operation: Literal["Ok"]


class Failed(TypedDict):
    """An order of a batch that could not be placed."""

    operation: Literal["Err"]
    code: str
    message: str
    field: NotRequired[str]
    id: NotRequired[OrderId]


class BatchAccepted(OrderAccepted):
    """An order of a batch that is in the log."""

    operation: Literal["Ok"]


class PastLimitOrder(Head, Executed, LimitTerms, Tail, Expiry):
    """An order of the past with a price."""

    createdAt: IsoTime
    quoteQuantity: None


class PastMarketOrder(Head, Executed, MarketTerms, Tail, Expiry):
    """An order of the past that traded at once."""

    createdAt: IsoTime


PastOrder = PastLimitOrder | PastMarketOrder


class Fill(TypedDict):
    """One side of a trade."""

    clientId: str | None
    fee: Decimal
    feeSymbol: str
    isMaker: bool
    orderId: OrderId
    price: Decimal
    quantity: Decimal
    side: Side
    symbol: Symbol
    systemOrderType: None
    timestamp: IsoTime
    tradeId: int

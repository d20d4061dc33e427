"""Assets, markets and what is traded there (contract A4)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import (
    AssetSymbol,
    CandleTime,
    Decimal,
    IsoTime,
    Limit,
    MarketState,
    MarketType,
    Microseconds,
    Milliseconds,
    Offset,
    Seconds,
    Symbol,
)


class Status(TypedDict):
    """Whether orders are accepted."""

    status: Literal["Ok", "Maintenance"]
    message: str | None


class Token(TypedDict):
    """An asset on a blockchain; here all are kept by the exchange itself."""

    displayName: str
    blockchain: str
    contractAddress: str
    depositEnabled: bool
    minimumDeposit: Decimal
    withdrawEnabled: bool
    minimumWithdrawal: Decimal
    maximumWithdrawal: Decimal | None
    withdrawalFee: Decimal
    nativeDecimals: int


class Asset(TypedDict):
    """An asset."""

    symbol: AssetSymbol
    displayName: str
    coingeckoId: str
    tokens: list[Token]


class PriceFilter(TypedDict):
    """Which prices a market takes; the multipliers are of the last price, or of the best one."""

    minPrice: Decimal
    maxPrice: Decimal | None
    tickSize: Decimal
    maxMultiplier: Decimal | None
    minMultiplier: Decimal | None
    maxImpactMultiplier: Decimal | None
    minImpactMultiplier: Decimal | None
    meanMarkPriceBand: None
    meanPremiumBand: None
    borrowEntryFeeMaxMultiplier: None
    borrowEntryFeeMinMultiplier: None


class QuantityFilter(TypedDict):
    """Which quantities a market takes."""

    minQuantity: Decimal
    maxQuantity: Decimal | None
    stepSize: Decimal


class Filters(TypedDict):
    """What a market takes."""

    price: PriceFilter
    quantity: QuantityFilter


class Market(TypedDict):
    """A market."""

    symbol: Symbol
    baseSymbol: AssetSymbol
    quoteSymbol: AssetSymbol
    marketType: Literal["SPOT"]
    filters: Filters
    imfFunction: None
    mmfFunction: None
    fundingInterval: None
    fundingRateUpperBound: None
    fundingRateLowerBound: None
    openInterestLimit: Decimal
    orderBookState: MarketState
    createdAt: IsoTime
    visible: bool
    positionLimitWeight: None


class Ticker(TypedDict):
    """A market's figures of the last day or week; `priceChangePercent` is a fraction."""

    symbol: Symbol
    firstPrice: Decimal
    lastPrice: Decimal
    priceChange: Decimal
    priceChangePercent: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quoteVolume: Decimal
    trades: Decimal


Level = Annotated[list[Decimal], Meta(min_length=2, max_length=2, description="price, quantity")]


class Depth(TypedDict):
    """The best levels of a market, both sides in ascending order of price."""

    asks: list[Level]
    bids: list[Level]
    lastUpdateId: Decimal
    timestamp: Microseconds


class Trade(TypedDict):
    """A trade."""

    id: int
    price: Decimal
    quantity: Decimal
    quoteQuantity: Decimal
    timestamp: Milliseconds
    isBuyerMaker: bool


class Kline(TypedDict):
    """A candle."""

    start: CandleTime
    end: CandleTime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quoteVolume: Decimal
    trades: Decimal


class Wallet(TypedDict):
    """Where an exchange keeps an asset; this one names none."""

    blockchain: str
    address: str


class OfMarket(TypedDict):
    """Query: one market."""

    symbol: Symbol


class OfMarkets(TypedDict):
    """Query: kinds of markets; the parameter may stand several times."""

    marketType: NotRequired[list[MarketType]]


TickerInterval = Literal["1d", "1w"]


class OfTickers(TypedDict):
    """Query: which figures."""

    interval: NotRequired[TickerInterval]


class OfTicker(OfTickers):
    """Query: the figures of one market."""

    symbol: Symbol


class OfDepth(TypedDict):
    """Query: levels of one market."""

    symbol: Symbol
    limit: NotRequired[Annotated[int, Meta(ge=1, le=1000)]]


KlineInterval = Literal[
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "8h",
    "12h",
    "1d",
    "3d",
    "1w",
    "1month",
]


class OfKlines(TypedDict):
    """Query: candles of one market."""

    symbol: Symbol
    interval: KlineInterval
    startTime: Seconds
    endTime: NotRequired[Seconds]
    priceType: NotRequired[Literal["Last", "Index", "Mark"]]


class OfTrades(TypedDict):
    """Query: trades of one market, from the newest."""

    symbol: Symbol
    limit: NotRequired[Limit]
    offset: NotRequired[Offset]

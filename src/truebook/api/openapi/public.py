"""What anybody may ask."""

from truebook.api.charts import Charts
from truebook.api.integrity import Integrity
from truebook.api.marketdata import MarketData
from truebook.api.markets import Markets
from truebook.api.openapi.operation import TEXT, Access, Asks, Operation
from truebook.api.proof import Proof
from truebook.api.shapes import market as shapes
from truebook.api.shapes import proof
from truebook.api.stubs import PUBLIC, Stubs

ENGINE = frozenset({Asks.ENGINE})
HISTORY = frozenset({Asks.HISTORY})
SOL = {"symbol": "SOL_USDC"}

MARKETS = (
    Operation("GET", "/api/v1/status", Markets.status, Access.PUBLIC, {200: shapes.Status}),
    Operation("GET", "/api/v1/ping", Markets.ping, Access.PUBLIC, {200: TEXT}),
    Operation("GET", "/api/v1/time", Markets.time, Access.PUBLIC, {200: TEXT}),
    Operation("GET", "/api/v1/assets", Markets.assets, Access.PUBLIC, {200: list[shapes.Asset]}),
    Operation(
        "GET",
        "/api/v1/markets",
        Markets.markets,
        Access.PUBLIC,
        {200: list[shapes.Market]},
        query=shapes.OfMarkets,
    ),
    Operation(
        "GET",
        "/api/v1/market",
        Markets.market,
        Access.PUBLIC,
        {200: shapes.Market},
        query=shapes.OfMarket,
        example=SOL,
    ),
)

MARKET_DATA = (
    Operation(
        "GET",
        "/api/v1/depth",
        MarketData.depth,
        Access.PUBLIC,
        {200: shapes.Depth},
        query=shapes.OfDepth,
        example=SOL | {"limit": "5"},
        asks=ENGINE,
    ),
    Operation(
        "GET",
        "/api/v1/ticker",
        MarketData.ticker,
        Access.PUBLIC,
        {200: shapes.Ticker, 204: None},
        query=shapes.OfTicker,
        example=SOL | {"interval": "1d"},
        asks=ENGINE,
    ),
    Operation(
        "GET",
        "/api/v1/tickers",
        MarketData.tickers,
        Access.PUBLIC,
        {200: list[shapes.Ticker]},
        query=shapes.OfTickers,
        example={"interval": "1w"},
        asks=ENGINE,
    ),
)

CHARTS = (
    *(
        Operation(
            "GET",
            path,
            Charts.trades,
            Access.PUBLIC,
            {200: list[shapes.Trade]},
            query=shapes.OfTrades,
            example=SOL | {"limit": "10"},
            asks=HISTORY,
        )
        for path in ("/api/v1/trades", "/api/v1/trades/history")
    ),
    Operation(
        "GET",
        "/api/v1/klines",
        Charts.klines,
        Access.PUBLIC,
        {200: list[shapes.Kline]},
        query=shapes.OfKlines,
        example=SOL | {"interval": "1m", "startTime": "1700000000"},
        asks=HISTORY,
    ),
)

STUBS = tuple(
    Operation("GET", path, Stubs.none, Access.PUBLIC, {200: list[object]}) for path in PUBLIC
)

PROOF = (
    Operation(
        "GET",
        "/api/v1/proof/root",
        Proof.root,
        Access.PUBLIC,
        {200: proof.ProofRoot},
        query=proof.OfProof,
        refusals=frozenset({404}),
    ),
    Operation(
        "GET", "/api/v1/integrity", Integrity.integrity, Access.PUBLIC, {200: proof.Integrity}
    ),
)

OPERATIONS = (*MARKETS, *MARKET_DATA, *CHARTS, *STUBS, *PROOF)

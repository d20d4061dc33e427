"""Unmodified ccxt.pro.backpack watches a market, public and private, over our websocket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from venue.credentials import Credentials
from venue.installed import Installed
from venue.late import ccxt_pro

SOL, ETH = "SOL/USDC", "ETH/USDC"
QUIET_BOOK_S_MAX = 5.0
NEXT_S_MAX = 20.0


@pytest.fixture
def connect(venue: Installed) -> Callable[..., Any]:
    @asynccontextmanager
    async def connected(credentials: Credentials | None = None) -> AsyncIterator[Any]:
        options: dict[str, Any] = {"enableRateLimit": False}
        if credentials is not None:
            options |= {"apiKey": credentials.api_key, "secret": credentials.api_secret}
        client = ccxt_pro.backpack(options)
        client.urls["api"]["public"] = client.urls["api"]["private"] = venue.url
        client.urls["api"]["ws"] = {"public": venue.ws_url, "private": venue.ws_url}
        try:
            yield client
        finally:
            await client.close()

    return connected


async def next_of(watching: Any) -> Any:
    return await asyncio.wait_for(watching, NEXT_S_MAX)


async def trade_until(done: "asyncio.Future[Any]", maker: Any, taker: Any) -> Any:
    """Trade again and again until something was seen: a subscription takes effect unannounced."""
    while not done.done():
        await maker.create_order(SOL, "limit", "sell", 1, 100)
        await taker.create_order(SOL, "limit", "buy", 1, 100)
        await asyncio.wait({done}, timeout=0.3)
    return done.result()


def test_watch_order_book_of_a_quiet_market_answers_within_five_seconds(connect, account):
    async def run() -> None:
        async with connect(account(USDC="100000")) as client:
            await client.create_order(ETH, "limit", "buy", 1, 2900)
            book = await asyncio.wait_for(client.watch_order_book(ETH), QUIET_BOOK_S_MAX)
            assert [2900.0, 1.0] in book["bids"]
            await client.create_order(ETH, "limit", "buy", 2, 2901)
            while [2901.0, 2.0] not in book["bids"]:
                book = await next_of(client.watch_order_book(ETH))
            await client.cancel_all_orders(ETH)
            while [2901.0, 2.0] in book["bids"]:
                book = await next_of(client.watch_order_book(ETH))

    asyncio.run(run())


async def watch_until(watch: Any, is_right: Any) -> None:
    """Watch on: what comes first may still be of somebody else's trade."""
    while not is_right(await watch()):
        pass


@pytest.mark.parametrize("what", ["trades", "ticker", "ohlcv", "bids_asks"])
def test_public_streams_tell_of_the_next_trade(connect, account, what):
    async def run() -> None:
        maker_account, taker_account = account(SOL="1000"), account(USDC="100000")
        async with connect(maker_account) as maker, connect(taker_account) as taker:
            await maker.load_markets()
            watch, is_right = {
                "trades": (
                    lambda: maker.watch_trades(SOL),
                    lambda seen: (
                        [seen[-1][name] for name in ("price", "amount", "side")]
                        == [100.0, 1.0, "buy"]
                    ),
                ),
                "ticker": (lambda: maker.watch_ticker(SOL), lambda seen: seen["last"] == 100.0),
                "ohlcv": (lambda: maker.watch_ohlcv(SOL, "1m"), lambda seen: seen[-1][4] == 100.0),
                "bids_asks": (
                    lambda: maker.watch_bids_asks([SOL]),
                    lambda seen: seen[SOL]["info"]["s"] == "SOL_USDC",
                ),
            }[what]
            watching = asyncio.ensure_future(watch_until(watch, is_right))
            await next_of(trade_until(watching, maker, taker))

    asyncio.run(run())


def test_watch_orders_tells_of_the_next_order_and_its_fill(connect, account):
    async def run() -> None:
        watcher_account, other_account = account(SOL="1000"), account(USDC="100000")
        async with connect(watcher_account) as watcher, connect(other_account) as other:
            await watcher.load_markets()
            watching = asyncio.ensure_future(watcher.watch_orders(SOL))
            while not watching.done():
                placed = await watcher.create_order(SOL, "limit", "sell", 1, 101)
                await asyncio.wait({watching}, timeout=0.3)
            assert watching.result()[-1]["status"] == "open"
            # An update that comes while nobody waits for one ends no later wait.
            buying = asyncio.ensure_future(other.create_order(SOL, "limit", "buy", 1, 101))
            seen: dict[str, Any] = {}
            while not any(order["status"] == "closed" for order in seen.values()):
                for order in await next_of(watcher.watch_orders(SOL)):
                    seen[order["id"]] = order
            filled = next(order for order in seen.values() if order["status"] == "closed")
            assert (filled["filled"], filled["price"]) == (1.0, 101.0)
            assert placed["id"]
            await buying
            await watcher.cancel_all_orders(SOL)

    asyncio.run(run())


def test_streams_of_several_markets_and_ones_own_balance(connect, account):
    async def run() -> None:
        maker_account, taker_account = account(SOL="1000"), account(USDC="100000")
        async with connect(maker_account) as maker, connect(taker_account) as taker:
            await maker.load_markets()
            watching = {
                "trades": maker.watch_trades_for_symbols([SOL, ETH]),
                "tickers": maker.watch_tickers([SOL, ETH]),
                "candles": maker.watch_ohlcv_for_symbols([[SOL, "1m"]]),
                "balance": maker.watch_balance(),
            }
            tasks = {name: asyncio.ensure_future(one) for name, one in watching.items()}
            await next_of(trade_until(asyncio.gather(*tasks.values()), maker, taker))
            assert tasks["trades"].result()[-1]["symbol"] == SOL
            assert tasks["tickers"].result()[SOL]["last"] == 100.0
            assert tasks["candles"].result()[SOL]["1m"][-1][4] == 100.0
            balance = tasks["balance"].result()
            assert {"SOL", "USDC"} & set(balance["total"])

    asyncio.run(run())


def test_watch_orders_tells_of_a_trigger_and_its_end(connect, account):
    async def run() -> None:
        async with connect(account(SOL="1000")) as watcher:
            await watcher.load_markets()
            watching = asyncio.ensure_future(watcher.watch_orders(SOL))
            stop = {"triggerPrice": 60}
            while not watching.done():
                placed = await watcher.create_order(SOL, "limit", "sell", 1, 60, stop)
                await asyncio.wait({watching}, timeout=0.3)
            told = watching.result()[-1]
            assert (told["status"], told["triggerPrice"]) == ("open", 60.0)
            assert told["info"]["e"] == "triggerPlaced"
            cancelling = asyncio.ensure_future(watcher.cancel_all_orders(SOL))
            seen: list[dict[str, Any]] = []
            while not any(one["status"] == "canceled" for one in seen):
                seen = await next_of(watcher.watch_orders(SOL))
            assert placed["id"] in {one["id"] for one in await cancelling}

    asyncio.run(run())

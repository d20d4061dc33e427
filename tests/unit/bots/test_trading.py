"""Both bots on a real gateway in the same process, which at times fails in every way it can."""

import asyncio
import contextlib
import logging
from decimal import Decimal

import pytest
from venue.local import LocalExchange
from venue.server import serving
from venue.spoiler import WAYS, Spoiler

from truebook.bots import running
from truebook.bots.client import Client, ExchangeError, Refused, Unavailable, text_to_sign
from truebook.bots.keyfile import KeyFile
from truebook.bots.maker import Maker
from truebook.bots.running import live, wait_after
from truebook.bots.taker import Taker, buying_chance
from truebook.config import BotsSection, UserError

CREDIT = {"USDC": "3000000", "SOL": "10000", "BTC": "10", "ETH": "300"}
TARGETS = {asset: Decimal(amount) for asset, amount in CREDIT.items()}
START_PRICES = {"SOL_USDC": Decimal(100), "BTC_USDC": Decimal(100_000), "ETH_USDC": Decimal(3_000)}
SETTINGS = BotsSection(
    levels=5, maker_pause_s=0.05, taker_pause_s=0.02, walk_step_s=0.01, volatility_bp=1.0
)
LIMIT_S = 60
MARKETS = 3
LADDER = {(symbol, is_bid) for symbol in START_PRICES for is_bid in (True, False)}


class Counted:
    """A bot whose successful turns are counted."""

    def __init__(self, bot):
        self._bot = bot
        self.turns = 0

    async def turn(self):
        pause_s = await self._bot.turn()
        self.turns += 1
        return pause_s

    async def withdraw(self):
        await self._bot.withdraw()


class Venue:
    """An exchange behind a gateway that can be told to fail, and an account for each bot."""

    def __init__(self, exchange, spoilers, url):
        self.exchange = exchange
        self.spoiler = spoilers[0]
        self.maker = exchange.open_account("maker", CREDIT)
        self.taker = exchange.open_account("taker", CREDIT)
        self.url = url

    def client(self, credentials, answer_s_max=0.4):
        key = KeyFile(credentials.api_key, credentials.api_secret)
        return Client(self.url, key, answer_s_max=answer_s_max)

    def resting(self):
        """Orders in all books. Only while nobody trades: the engine lives in another thread."""
        sides = (self.exchange.engine.depth(market) for market in range(MARKETS))
        return sum(len(bids) + len(asks) for bids, asks in sides)

    def trades(self):
        return [self.exchange.engine.market_figures(market)[1] for market in range(MARKETS)]


@pytest.fixture
def venue(monkeypatch):
    # The exchange logs what is spoilt on purpose as bugs of its own.
    logging.disable(logging.CRITICAL)
    monkeypatch.setattr(running, "WAIT_S_MIN", 0.01)
    monkeypatch.setattr(running, "WAIT_S_MAX", 0.1)
    exchange, spoilers = LocalExchange(), []

    def around(application):
        spoilers.append(Spoiler(application))
        return spoilers[0]

    with serving(exchange, around=around) as url:
        yield Venue(exchange, spoilers, url)
    logging.disable(logging.NOTSET)


async def until(condition):
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def living(venue):
    """Both bots at work, until the context is left."""
    async with venue.client(venue.maker) as ours, venue.client(venue.taker) as theirs:
        maker = Counted(Maker(ours, SETTINGS, TARGETS, START_PRICES))
        taker = Counted(Taker(theirs, SETTINGS, TARGETS))
        stop = asyncio.Event()
        served = [asyncio.Event(), asyncio.Event()]
        lives = [
            asyncio.create_task(live(bot, stop, event.set))
            for bot, event in zip((maker, taker), served, strict=True)
        ]
        try:
            await asyncio.gather(*(event.wait() for event in served))
            yield maker, taker
        finally:
            stop.set()
            async with asyncio.timeout(LIMIT_S):
                await asyncio.gather(*lives)


async def is_two_sided(client):
    return {(order.symbol, order.is_bid) for order in await client.open_orders()} == LADDER


def test_the_bots_keep_every_book_two_sided_trade_in_every_market_and_leave_nothing(venue):
    async def scenario():
        async with living(venue) as (maker, taker), venue.client(venue.maker, 10) as observer:
            for turns in range(20, 121, 20):
                await until(lambda turns=turns: taker.turns >= turns and maker.turns >= turns / 10)
                assert await is_two_sided(observer)

    asyncio.run(scenario())
    assert min(venue.trades()) >= 5
    assert venue.resting() == 0


@pytest.mark.parametrize("way", WAYS)
def test_after_any_failure_of_the_exchange_the_bots_go_on_and_leave_nothing(venue, way):
    async def scenario():
        async with living(venue) as (maker, taker), venue.client(venue.maker, 10) as observer:
            venue.spoiler.script = [way, "", way, way] * 3
            await until(lambda: not venue.spoiler.script)
            turns = maker.turns, taker.turns
            await until(lambda: maker.turns > turns[0] + 2 and taker.turns > turns[1] + 2)
            assert await is_two_sided(observer)

    asyncio.run(scenario())
    assert venue.spoiler.spoilt >= 9
    assert venue.resting() == 0


def test_a_gateway_that_fails_all_the_time_stops_neither_bot(venue):
    async def scenario():
        async with living(venue) as (maker, taker):
            venue.spoiler.share = 0.04
            await until(lambda: maker.turns >= 12 and taker.turns >= 60)
            venue.spoiler.share = 0.0

    asyncio.run(scenario())
    assert venue.spoiler.spoilt > 0
    assert venue.resting() == 0


def test_a_maker_that_comes_back_takes_over_the_orders_it_finds(venue):
    async def scenario():
        async with venue.client(venue.maker) as client:
            calm = BotsSection(levels=5, volatility_bp=0)
            await Maker(client, calm, TARGETS, START_PRICES).turn()
            before = await client.open_orders()
            await Maker(client, calm, TARGETS, START_PRICES).turn()
            assert await client.open_orders() == before
            assert len(before) == MARKETS * 2 * 5

    asyncio.run(scenario())


def test_a_level_that_was_filled_is_placed_again(venue):
    async def scenario():
        async with venue.client(venue.maker) as ours, venue.client(venue.taker) as theirs:
            maker = Maker(ours, BotsSection(levels=3, volatility_bp=0), TARGETS, START_PRICES)
            await maker.turn()
            before = await ours.open_orders()
            best = min(o.price for o in before if o.symbol == "SOL_USDC" and not o.is_bid)
            order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit"}
            await theirs.place(order | {"price": f"{best}", "quantity": "4", "timeInForce": "IOC"})
            await maker.turn()
            after = await ours.open_orders()
            assert len(after) == len(before)
            assert len({o.order_id for o in after} - {o.order_id for o in before}) == 1

    asyncio.run(scenario())


def test_bots_trade_in_the_markets_they_are_told_to(venue):
    async def scenario():
        async with venue.client(venue.maker) as client:
            settings = BotsSection(markets=("ETH_USDC",))
            await Maker(client, settings, TARGETS, START_PRICES).turn()
            assert {order.symbol for order in await client.open_orders()} == {"ETH_USDC"}

    asyncio.run(scenario())


def test_a_market_that_does_not_exist_is_named(venue):
    async def scenario():
        settings = BotsSection(markets=("ETH_USDC", "DOGE_USDC"))
        async with venue.client(venue.maker) as client:
            for bot in (
                Maker(client, settings, TARGETS, START_PRICES),
                Taker(client, settings, TARGETS),
            ):
                with pytest.raises(UserError, match="there is no market DOGE_USDC"):
                    await bot.turn()

    asyncio.run(scenario())


def test_a_market_whose_worth_nobody_knows_is_not_quoted(venue):
    async def scenario():
        async with venue.client(venue.maker) as client:
            await Maker(client, BotsSection(), TARGETS, {"SOL_USDC": Decimal(100)}).turn()
            assert {order.symbol for order in await client.open_orders()} == {"SOL_USDC"}

    asyncio.run(scenario())


def test_the_client_tells_refusals_from_an_exchange_that_is_unavailable(venue):
    async def scenario():
        async with venue.client(venue.maker) as client:
            with pytest.raises(Refused) as refused:
                await client.place({"symbol": "NO_SUCH", "side": "Bid", "orderType": "Limit"})
            assert (refused.value.status, refused.value.code) == (400, "INVALID_MARKET")
            assert not await client.cancel("SOL_USDC", "12345")
            for way in WAYS:
                venue.spoiler.script = [way, way]
                with pytest.raises(Unavailable):
                    await client.cancel_all("SOL_USDC")
                venue.spoiler.script = []
        async with Client("http://127.0.0.1:9", KeyFile("", "A" * 43 + "=")) as nowhere:
            with pytest.raises(Unavailable, match="NO_CONNECTION"):
                await nowhere.markets()

    asyncio.run(scenario())


def test_only_reading_is_tried_again_when_a_connection_breaks(venue):
    async def scenario():
        async with venue.client(venue.maker) as client:
            venue.spoiler.script = ["cut off"]
            assert len(await client.markets()) == MARKETS
            order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit"}
            venue.spoiler.script = ["cut off"]
            with pytest.raises(Unavailable):
                await client.place(order | {"price": "99", "quantity": "1"})
            assert len(await client.open_orders()) == 1

    asyncio.run(scenario())


def test_what_is_signed_is_the_contracts_text():
    order = {"symbol": "SOL_USDC", "orderId": "28"}
    assert text_to_sign("orderCancel", [order], 1614550000000) == (
        b"instruction=orderCancel&orderId=28&symbol=SOL_USDC&timestamp=1614550000000&window=5000"
    )
    batch = [{"postOnly": True}, {"postOnly": False}]
    assert text_to_sign("orderExecute", batch, 1) == (
        b"instruction=orderExecute&postOnly=true&instruction=orderExecute&postOnly=false"
        b"&timestamp=1&window=5000"
    )


def test_waiting_doubles_up_to_a_bound_and_is_as_long_as_the_exchange_asks():
    error = ExchangeError(503, "MAINTENANCE", "")
    waits = [wait_after(failures, error) for failures in range(1, 9)]
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(waits) == 5.0
    assert wait_after(1, ExchangeError(429, "TOO_MANY_REQUESTS", "", wait_s=17.0)) == 17.0


def test_the_taker_leans_to_the_side_that_brings_its_inventory_back():
    target = Decimal(10_000)
    assert buying_chance(target, target) == 0.5
    assert buying_chance(target + 10, target) == pytest.approx(0.25)
    assert buying_chance(target + 500, target) == pytest.approx(0.05)
    assert buying_chance(target - 500, target) == pytest.approx(0.95)
    assert buying_chance(Decimal(3), Decimal(0)) == 0.5

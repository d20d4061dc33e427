"""The demo accounts: opened whole, credited once, wherever a start was killed."""

import asyncio
import base64

import pytest
from venue.local import LocalExchange

from truebook import commands
from truebook.asking import TimedOut
from truebook.genesis import AssetPlan, MarketPlan, Venue
from truebook.supervisor.demo import complete, demo_credit, kept_key
from truebook.units import parse


@pytest.fixture
def exchange():
    return LocalExchange()


@pytest.fixture
def key(exchange, tmp_path):
    return kept_key(tmp_path / "bots" / "maker.json", exchange.directory)


def run(exchange, key):
    asyncio.run(complete(exchange, "demo-maker", key, 5_000))


def is_credited_once(exchange, key, name="demo-maker"):
    (account,) = [a for a in exchange.directory.accounts.values() if a.name == name]
    for symbol, amount in key.credit.items():
        asset = exchange.directory.asset_by_symbol[symbol]
        held = exchange.engine.balance(account.number, asset.number).available
        assert held == parse(amount, asset.atoms) > 0
    return exchange.directory.keys[base64.b64decode(key.api_key)].account == account.number


def test_a_demo_account_has_its_key_and_its_credit_however_often_it_is_asked_for(exchange, key):
    for _ in range(3):
        run(exchange, key)
        assert is_credited_once(exchange, key)


def test_the_secret_is_for_its_owner_alone_and_stays_the_same(exchange, tmp_path):
    path = tmp_path / "bots" / "maker.json"
    key = kept_key(path, exchange.directory)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert kept_key(path, exchange.directory) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["maker.json"]


def test_an_account_without_key_and_money_gets_both(exchange, key):
    exchange.apply(commands.set_account(name="demo-maker"))
    run(exchange, key)
    assert is_credited_once(exchange, key)


def test_a_start_that_is_killed_between_two_entries_goes_on_there(exchange, key):
    class Dying(LocalExchange):
        lives = 0

        async def send_and_await(self, records, commands, once):
            if not self.lives:
                raise TimedOut("killed")
            self.lives -= 1
            return await super().send_and_await(records, commands, once)

    exchange = Dying()
    for lives in (0, 1, 0):
        exchange.lives = lives
        with pytest.raises(TimedOut):
            run(exchange, key)
    exchange.lives = 1
    run(exchange, key)
    assert is_credited_once(exchange, key)


def test_an_answer_that_was_lost_does_not_credit_twice(exchange, key):
    class Forgetful(LocalExchange):
        async def send_and_await(self, records, commands, once):
            await super().send_and_await(records, commands, once)
            raise TimedOut("lost")

    exchange = Forgetful()
    for _ in range(2):
        with pytest.raises(TimedOut):
            run(exchange, key)
    run(exchange, key)
    assert is_credited_once(exchange, key)


def test_a_lost_file_gives_a_new_key_and_no_second_credit(exchange, key, tmp_path):
    run(exchange, key)
    (tmp_path / "bots" / "maker.json").unlink()
    other = kept_key(tmp_path / "bots" / "maker.json", exchange.directory)
    assert other.api_key != key.api_key
    run(exchange, other)
    assert is_credited_once(exchange, key)
    assert is_credited_once(exchange, other)


def test_both_sides_of_a_market_are_worth_the_same(exchange):
    assert demo_credit(exchange.directory) == {
        "USDC": "30000000",
        "SOL": "100000",
        "BTC": "100",
        "ETH": "3333.3333",
    }


def test_assets_with_many_decimals_and_markets_without_a_price_are_credited_too(tmp_path):
    venue = Venue(
        assets=(AssetPlan("WEI", 18), AssetPlan("EUR", 2)),
        markets=(MarketPlan("WEI_EUR", tick="0.1", step="0.1"),),
    )
    exchange = LocalExchange(venue)
    key = kept_key(tmp_path / "bots" / "maker.json", exchange.directory)
    run(exchange, key)
    assert is_credited_once(exchange, key)

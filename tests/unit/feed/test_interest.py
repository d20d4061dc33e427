"""Who listens to what, from the names of channels."""

from truebook.feed.channels import (
    balances_channel,
    book_ticker_channel,
    depth_channel,
    kline_channel,
    ticker_channel,
    trade_channel,
    updates_channel,
)
from truebook.feed.interest import interest_in


def test_every_public_stream_makes_its_market_listened_to():
    channels = [
        depth_channel("A_B"),
        depth_channel("C_D", "600ms"),
        trade_channel("E_F"),
        book_ticker_channel("G_H"),
        ticker_channel("I_J"),
        kline_channel("K_L", "1month"),
        kline_channel("K_L", "1s"),
    ]
    found = interest_in(channels)
    assert found.markets == {"A_B", "C_D", "E_F", "G_H", "I_J", "K_L"}
    assert found.tickers == {"I_J"}
    assert found.klines == {"K_L": {"1month", "1s"}}


def test_accounts_with_listeners_are_known():
    assert interest_in([updates_channel(7), updates_channel(9)]).accounts == {7, 9}
    found = interest_in([balances_channel(7), updates_channel(9)])
    assert (found.accounts, found.balances, found.markets) == ({9}, {7}, set())


def test_other_channels_say_nothing():
    channels = [
        *("", ".", "queries", "settings", "gateway:1", "gateway:1:answers", "depth", "depth."),
        *("kline.7m.A_B", "depth.5ms.A_B", "trade.A_B.C", "account.orderUpdate.x"),
        *("account.orderUpdate.٣", "account.orderUpdate.99999999999", "account.orderUpdate."),
        *("account.balanceUpdate", "account.balanceUpdate.SOL_USDC"),
    ]
    found = interest_in(channels)
    assert not found.accounts
    assert not found.balances
    assert found.markets <= {""}

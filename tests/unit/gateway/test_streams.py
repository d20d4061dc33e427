"""Which stream a name means, who may hear it, and what a slow reader is told instead."""

import base64
import json
from types import SimpleNamespace

import pytest
from nacl.signing import SigningKey
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook import commands
from truebook.api.stream_guests import Streams
from truebook.api.streams import (
    INVALID_STREAM,
    TOO_MANY,
    UNAUTHORIZED,
    merge_candles,
    merge_depth,
    merge_latest,
)
from truebook.api.throttle import Rates
from truebook.clock import ManualClock
from truebook.config import SessionsSection
from truebook.feed import channels
from truebook.messages import Permission
from truebook.people.addresses import AddressLists
from truebook.people.database import KeyRow
from truebook.people.passwords import PASSWORD_KEY_EXPIRES_MS
from truebook.ws.interface import Handshake, Refused, read_numbered
from truebook.ws.protocol import ErrorCode

NOW = 1_795_000_000_000
HERE = "192.0.2.7"


@pytest.fixture
def exchange():
    return LocalExchange()


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def streams(exchange, clock):
    return Streams(exchange.directory, clock)


def signature(credentials, timestamp=NOW, window="5000", text=None):
    text = text or f"instruction=subscribe&timestamp={timestamp}&window={window}"
    signed = SigningKey(credentials.seed).sign(text.encode()).signature
    return [credentials.api_key, base64.b64encode(signed).decode(), str(timestamp), window]


def channels_of(streams, names, signed=None, address=HERE):
    return streams.welcome(Handshake(address, ())).channels_of(names, signed)


def channel_of(streams, name, signed=None, address=HERE):
    (channel,) = channels_of(streams, [name], signed, address)
    return channel


def refusal(streams, name, signed=None, address=HERE):
    with pytest.raises(Refused) as caught:
        channels_of(streams, [name], signed, address)
    return caught.value


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("depth.SOL_USDC", "depth.SOL_USDC"),
        ("depth.200ms.SOL_USDC", "depth.200ms.SOL_USDC"),
        ("depth.600ms.SOL_USDC", "depth.600ms.SOL_USDC"),
        ("depth.1000ms.SOL_USDC", "depth.1000ms.SOL_USDC"),
        ("trade.BTC_USDC", "trade.BTC_USDC"),
        ("bookTicker.SOL_USDC", "bookTicker.SOL_USDC"),
        ("ticker.SOL_USDC", "ticker.SOL_USDC"),
        ("kline.1m.SOL_USDC", "kline.1m.SOL_USDC"),
        ("kline.1month.SOL_USDC", "kline.1month.SOL_USDC"),
        ("depth@SOL_USDC", "depth.SOL_USDC"),
        ("trade@SOL_USDC", "trade.SOL_USDC"),
        ("ticker@SOL_USDC", "ticker.SOL_USDC"),
        ("depth.200ms@SOL_USDC", "depth.200ms.SOL_USDC"),
        ("kline.5m@SOL_USDC", "kline.5m.SOL_USDC"),
        ("SOL_USDC@depth", "depth.SOL_USDC"),
        ("SOL_USDC@kline.1h", "kline.1h.SOL_USDC"),
    ],
)
def test_every_dialect_of_a_name_means_a_channel_of_the_feed(streams, name, channel):
    assert channel_of(streams, name).name == channel


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "@",
        "depth",
        "depth.",
        "depth.DOGE_USDC",
        "depth..SOL_USDC",
        "depth.100ms.SOL_USDC",
        "depth.200ms.600ms.SOL_USDC",
        "Depth.SOL_USDC",
        "depth.sol_usdc",
        "trade.200ms.SOL_USDC",
        "kline.SOL_USDC",
        "kline.7m.SOL_USDC",
        "kline.1M.SOL_USDC",
        "depth@DOGE_USDC",
        "depth@SOL_USDC@depth",
        "SOL_USDC@",
        "@SOL_USDC",
        "markPrice.SOL_USDC",
        "openInterest.SOL_USDC",
        "liquidation",
        "account",
        "account.",
        "account.rfqUpdate.",
        "account.balanceUpdate.",
        "account.balanceUpdate.SOL_USDC",
        "account.orderUpdate.",
        "account.orderUpdate.DOGE_USDC",
        "account.orderUpdate.1",
        "account.orderUpdateX",
        "depth.SOL_USDC ",
        "depth.SOL_USDC\n",
        "depth.ＳOL_USDC",
    ],
)
def test_a_name_that_means_none_is_an_invalid_stream(streams, name):
    error = refusal(streams, name)
    assert (error.code, error.message) == (4006, "Invalid stream")


@pytest.mark.parametrize("kind", ["depth", "trade", "bookTicker", "ticker", "kline.1m"])
def test_trades_are_never_left_out_and_the_rest_may_be_joined(streams, kind):
    assert (channel_of(streams, f"{kind}.SOL_USDC").merge is None) == (kind == "trade")


def test_an_accounts_updates_are_for_who_signed(exchange, streams):
    alice = exchange.open_account("alice", {})
    channel = channel_of(streams, "account.orderUpdate", signature(alice))
    assert channel.name == channels.updates_channel(alice.account)
    assert channel.is_numbered
    assert channel.wants is None
    assert channel.is_allowed()


def test_an_accounts_balances_are_for_who_signed_and_the_feed_hears_of_it(exchange, streams):
    alice = exchange.open_account("alice", {})
    channel = channel_of(streams, "account.balanceUpdate", signature(alice))
    assert channel.name == channels.balances_channel(alice.account)
    assert channel.is_announced
    assert not channel.is_numbered
    assert channel.is_allowed()
    assert refusal(streams, "account.balanceUpdate").code == UNAUTHORIZED


def test_the_updates_of_one_market_are_those_of_the_account_that_are_about_it(exchange, streams):
    alice = exchange.open_account("alice", {})
    channel = channel_of(streams, "account.orderUpdate.SOL_USDC", signature(alice))
    assert channel.name == channels.updates_channel(alice.account)
    assert channel.wants(b'{"e":"orderFill","s":"SOL_USDC","i":"1"}')
    assert not channel.wants(b'{"e":"orderFill","s":"BTC_USDC","i":"SOL_USDC"}')


@pytest.mark.parametrize("kind", ["account.positionUpdate", "account.rfqUpdate"])
def test_what_the_exchange_does_not_have_is_accepted_and_silent(exchange, streams, kind):
    alice = exchange.open_account("alice", {})
    for name in (kind, f"{kind}.SOL_USDC"):
        assert channel_of(streams, name, signature(alice)).name == ""
        assert refusal(streams, name).code == UNAUTHORIZED


def test_public_and_private_streams_may_be_asked_for_together(exchange, streams):
    alice = exchange.open_account("alice", {})
    names = ["depth.SOL_USDC", "account.orderUpdate", "trade.SOL_USDC"]
    found = channels_of(streams, names, signature(alice))
    assert [channel.name for channel in found] == ["depth.SOL_USDC", f"{names[1]}.1", names[2]]


def test_who_does_not_prove_who_they_are_hears_no_account(exchange, streams):
    alice = exchange.open_account("alice", {})
    good = signature(alice)
    for signed in (
        None,
        ["", "", "", ""],
        [good[0], "", *good[2:]],
        [*good[:2], str(NOW + 1), good[3]],
        [*good[:3], "6000"],
        [*good[:2], "", ""],
        signature(alice, NOW - 5001),
        signature(alice, NOW + 5001),
        signature(alice, window="60001"),
        signature(alice, text=f"instruction=balanceQuery&timestamp={NOW}&window=5000"),
        signature(alice._replace(seed=bytes(range(32)))),
        [signature(alice._replace(seed=bytes(32)))[0], *good[1:]],
    ):
        assert refusal(streams, "account.orderUpdate", signed).code == UNAUTHORIZED, signed


@pytest.mark.parametrize("part", range(4))
def test_a_hostile_part_of_a_signature_is_unauthorized(exchange, streams, part):
    signed = signature(exchange.open_account("alice", {}))
    # No JSON that is read strictly has a lone surrogate.
    for value in HOSTILE.keys() - {"lone surrogate"}:
        if HOSTILE[value][0] == '"':
            signed[part] = json.loads(HOSTILE[value])
            assert refusal(streams, "account.orderUpdate", signed).code == UNAUTHORIZED, value


def test_a_key_needs_the_permission_to_read(exchange, streams):
    bob = exchange.open_account("bob", {}, Permission.TRADE)
    error = refusal(streams, "account.orderUpdate", signature(bob))
    assert (error.code, "permission" in error.message) == (UNAUTHORIZED, True)


def test_a_key_that_is_revoked_or_expires_is_no_longer_allowed(exchange, streams, clock):
    alice = exchange.open_account("alice", {})
    public_key = base64.b64decode(alice.api_key)

    def is_allowed_with(**settings):
        channel = channel_of(streams, "account.orderUpdate", signature(alice, clock.now_ms()))
        assert channel.is_allowed()
        exchange.apply(commands.set_key(account=alice.account, public_key=public_key, **settings))
        return channel.is_allowed

    assert not is_allowed_with(permissions=Permission.TRADE)()
    exchange.apply(
        commands.set_key(account=alice.account, public_key=public_key, permissions=Permission.READ)
    )
    is_allowed = is_allowed_with(permissions=Permission.READ, expires_ms=NOW + 1000)
    assert is_allowed()
    clock.advance(1.0)
    assert not is_allowed()


def kept_to(*networks):
    """A doorkeeper, and what keeps a key of somebody to some addresses."""
    doorkeeper = SimpleNamespace(
        address_lists=AddressLists(), section=SessionsSection(), sessions=None
    )

    def restrict(credentials):
        public_key = base64.b64decode(credentials.api_key)
        doorkeeper.address_lists.load([KeyRow(public_key, "", " ".join(networks), NOW)])

    return doorkeeper, restrict


def test_a_key_that_is_kept_to_some_addresses_hears_its_account_nowhere_else(exchange, clock):
    doorkeeper, restrict = kept_to("10.0.0.0/8")
    streams = Streams(exchange.directory, clock, doorkeeper=doorkeeper)
    alice, bob = exchange.open_account("alice", {}), exchange.open_account("bob", {})
    from_here = channel_of(streams, "account.orderUpdate", signature(alice))
    restrict(alice)
    assert not from_here.is_allowed()
    error = refusal(streams, "account.orderUpdate", signature(alice))
    assert (error.code, "address" in error.message) == (UNAUTHORIZED, True)
    assert refusal(streams, "account.orderUpdate", signature(alice), "").code == UNAUTHORIZED
    assert channel_of(streams, "account.orderUpdate", signature(alice), "10.1.2.3").is_allowed()
    assert channel_of(streams, "account.orderUpdate", signature(bob)).is_allowed()
    assert channel_of(streams, "trade.SOL_USDC", signature(alice)).name == "trade.SOL_USDC"


def test_a_passwords_key_hears_no_account(exchange, streams):
    alice = exchange.open_account("alice", {})
    exchange.apply(
        commands.set_key(
            account=alice.account,
            public_key=base64.b64decode(alice.api_key),
            permissions=Permission.READ,
            expires_ms=PASSWORD_KEY_EXPIRES_MS,
        )
    )
    assert refusal(streams, "account.orderUpdate", signature(alice)).code == UNAUTHORIZED


def test_who_signs_too_often_or_wrongly_has_to_wait(exchange, clock):
    streams = Streams(exchange.directory, clock, Rates(public=2, private=3))
    alice, bob = exchange.open_account("alice", {}), exchange.open_account("bob", {})
    for _ in range(3):
        channel_of(streams, "account.orderUpdate", signature(alice))
    assert refusal(streams, "account.orderUpdate", signature(alice)).code == TOO_MANY
    channel_of(streams, "account.orderUpdate", signature(bob))
    for _ in range(2):
        wrong = refusal(streams, "account.orderUpdate", [*signature(bob)[:3], "4999"])
        assert wrong.code == UNAUTHORIZED
    assert refusal(streams, "account.orderUpdate", signature(bob)).code == TOO_MANY
    channel_of(streams, "account.orderUpdate", signature(bob), "192.0.2.8")
    channel_of(streams, "depth.SOL_USDC")
    clock.advance(1.0)
    channel_of(streams, "account.orderUpdate", signature(alice, clock.now_ms()))


def test_the_two_forms_of_a_numbered_message_are_one():
    assert read_numbered(channels.numbered(7, b"{}")) == (7, b"{}")


def test_codes_are_the_servers():
    ours = (INVALID_STREAM, UNAUTHORIZED, TOO_MANY)
    assert ours == (ErrorCode.INVALID_STREAM, ErrorCode.UNAUTHORIZED, ErrorCode.TOO_MANY)


def depth(first, last, asks, bids, **more):
    fields = {"e": "depth", "E": last, "T": last, "s": "SOL_USDC", "U": first, "u": last}
    return json.dumps(fields | {"a": asks, "b": bids} | more).encode()


def test_joined_depth_says_of_each_level_what_the_newer_did():
    older = depth(5, 7, [["10.1", "1"], ["10.2", "2"]], [["9.9", "3"]])
    newer = depth(8, 8, [["10.2", "0.000"], ["10.3", "4"]], [])
    joined = json.loads(merge_depth(older, newer))
    asks = [["10.1", "1"], ["10.2", "0.000"], ["10.3", "4"]]
    assert joined == json.loads(depth(5, 8, asks, [["9.9", "3"]]))


def test_depth_with_something_missing_between_is_not_joined():
    assert merge_depth(depth(5, 7, [], []), depth(9, 9, [], [])) is None


def test_a_book_kept_from_joined_messages_is_the_book():
    def apply(book, message):
        for side in "ab":
            for price, size in message[side]:
                book[side].pop(price, None)
                if float(size):
                    book[side][price] = size
        return message["u"]

    messages = [
        depth(n, n, [[str(100 + n * 7 % 5), str(n % 3)]], [[str(99 - n % 4), str(n % 2)]])
        for n in range(1, 60)
    ]
    joined = messages[0]
    plain = {"a": {}, "b": {}}
    apply(plain, json.loads(messages[0]))
    for message in messages[1:]:
        joined = merge_depth(joined, message)
        apply(plain, json.loads(message))
        book = {"a": {}, "b": {}}
        apply(book, json.loads(joined))
        assert book == plain


def test_the_last_form_of_a_candle_is_not_replaced_by_the_next_candle():
    def candle(start, close, final):
        return json.dumps({"e": "kline", "t": start, "c": close, "X": final}).encode()

    first, last = candle("10:00", "1", False), candle("10:00", "2", True)
    after = candle("10:01", "3", False)
    assert merge_candles(first, last) == last
    assert merge_candles(last, after) is None
    assert merge_latest(first, after) == after

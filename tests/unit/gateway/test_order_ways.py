"""The fast ways into and out of an order, and the long ones: the same records, the same text."""

import random
from itertools import product

import pytest
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook.api.errors import ApiError
from truebook.api.order_json import Reply, json_of_reply
from truebook.api.order_payload import any_command, place_command
from truebook.api.order_text import text_of_reply
from truebook.api.response import encode
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_TRIGGER,
    OrderStatus,
)
from truebook.strict_json import NotStrict, NumberText, decode

BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
WORDS = {
    "side": [None, "Bid", "Ask", "bid", True],
    "orderType": ["Limit", "Market", None],
    "timeInForce": [None, "GTC", "IOC", "FOK", "x"],
    "postOnly": [None, True, False, "true", NumberText("1")],
    "selfTradePrevention": [None, "RejectMaker", "Allow", "None"],
    "kind": [None, "ioc", "post_only", ["ioc"]],
}


@pytest.fixture(scope="module")
def directory():
    return LocalExchange().directory


def outcome(way, fields, directory):
    try:
        return way(fields, directory, 7, 1 << 43, 250)
    except ApiError as error:
        return error.status, error.body()


def both(fields, directory):
    fast = outcome(place_command, fields, directory)
    assert fast == outcome(any_command, fields, directory), fields
    return fast


def test_all_words_mean_the_same(directory):
    taken = 0
    for words in product(*WORDS.values()):
        named = dict(zip(WORDS, words, strict=True))
        fields = BID | {name: word for name, word in named.items() if word is not None}
        taken += isinstance(both(fields, directory), bytes)
    assert taken > 100


@pytest.mark.parametrize("name", ["price", "quantity", "clientId", "symbol", "quoteQuantity"])
def test_hostile_values_fare_alike(directory, name):
    for text in [*HOSTILE.values(), "0", '"0"', "4294967295", "4294967296", '"1.50"', "null"]:
        try:
            value = decode(b'{"value": ' + text.encode() + b"}", brackets_max=9)["value"]
        except NotStrict:
            continue
        both(BID | {name: value}, directory)


def test_replies_of_every_kind_have_the_same_text(directory):
    chance = random.Random(2)
    flags = [0, ORDER_HAS_CLIENT_ID, ORDER_POST_ONLY, ORDER_TRIGGER]
    for _ in range(2_000):
        market = directory.markets[chance.randrange(3)]
        status = chance.choice([one for one in OrderStatus if one != OrderStatus.REJECTED])
        if status == OrderStatus.DONE:
            continue
        low = chance.randrange(3) << 5 | chance.choice(flags) | chance.randrange(2)
        low |= chance.randrange(3) << 1 | chance.randrange(4) << 3
        amounts = [chance.choice([0, 1, 10, 12_345, 10**12]) for _ in range(4)]
        reply = Reply(
            1,
            status,
            0,
            0,
            market.number,
            chance.randrange(1 << 63),
            7,
            chance.randrange(1 << 32),
            *amounts,
            chance.randrange(1 << 41) << 16 | low,
        )
        assert text_of_reply(reply, market) == encode(json_of_reply(reply, market))

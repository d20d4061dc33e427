"""Plain orders by compiled code, and by the Python that is its naive twin: the same commands, the
same text signed, the same answers; and nothing is taken that the twin refuses."""

import json
import random

import pytest
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook.api.authenticate import base_string, parameters_of
from truebook.api.entry.requests import InvalidRequest, read_request, result_frame
from truebook.api.errors import ApiError
from truebook.api.order_json import replies_of
from truebook.api.plain import PlainKind, PlainOrders
from truebook.api.strict_json import decode, object_of
from truebook.api.trading import Trading, batch_of, text_of_order
from truebook.messages import COMMAND, ORDER_TRIGGER, REPLY, OrderStatus
from truebook.plain.codec import Codec
from truebook.plain.layout import CANCELS, INPUT_BYTES_MAX, NOT_PLAIN, PLACES, TEXTS_MAX

ORDER = {
    "symbol": "SOL_USDC",
    "side": "Bid",
    "orderType": "Limit",
    "price": "90.25",
    "quantity": "1.5",
    "clientId": 17,
    "timeInForce": "GTC",
    "postOnly": True,
    "selfTradePrevention": "RejectMaker",
}
TARGET = {"symbol": "SOL_USDC", "orderId": "8796093022209"}
PLACING, CANCELLING = PlainKind(places=True), PlainKind(places=False)
BATCHING = PlainKind(places=True, is_list=True)
ACCOUNT = 7
VALUES = {
    "symbol": ["SOL_USDC", "BTC_USDC", "SOL_USD", "sol_usdc", "", "X" * 50],
    "side": ["Bid", "Ask", "bid", "Bi", ""],
    "orderType": ["Limit", "Market", "limit"],
    "price": ["90", "0.01", "0.010", "90.255", "140737488355328", 90.25, 12, "9" * 25, "0", "00"],
    "quantity": ["1", "0.01", "1e3", "1.50000000000000000", 4611686018427387904, "46116860184.27"],
    "clientId": [0, 1, 4294967295, 4294967296, "5", "05", "", -1],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    "postOnly": [True, False, "true", 1],
    "selfTradePrevention": ["RejectTaker", "RejectMaker", "RejectBoth", "Allow", "RejectNone"],
    "orderId": ["1", 9223372036854775807, 9223372036854775808, "0", "01", "x"],
    "kind": ["ioc"],
    "reduceOnly": [False],
}


@pytest.fixture(scope="module")
def directory():
    return LocalExchange().directory


@pytest.fixture
def plain(directory):
    return PlainOrders(Codec(), directory, lambda _: 1)


@pytest.fixture
def trading(directory):
    return Trading(directory, lambda: 1)


def message(method, params, request_id=7):
    return json.dumps({"id": request_id, "method": method, "params": params}).encode()


def by_the_twin(trading, text):
    """The kind, the command and the id of a message; None if it is refused, or something else."""
    try:
        request = read_request(text)
        if request.method == "order.place":
            work, kind = trading.place(dict(request.params), ACCOUNT, 0), PLACES
        elif request.method == "order.cancel":
            work, kind = trading.cancel(request.params, ACCOUNT, 0), CANCELS
        else:
            return None
    except (ApiError, InvalidRequest):
        return None
    # What else may come with an order is not for a plain one to have.
    return None if "deadline" in request.params else (kind, work.records, request.id)


def compare(plain, trading, texts):
    """Look at messages both ways; how many were found plain."""
    found = 0
    for first in range(0, len(texts), TEXTS_MAX):
        some = texts[first : first + TEXTS_MAX]
        kinds = plain.read(some)
        assert len(kinds) == len(some)
        requests = plain.requests(0, bytes([kind or CANCELS for kind in kinds]), ACCOUNT)
        ids = list(requests.ids())
        for number, (kind, text) in enumerate(zip(kinds, some, strict=True)):
            if kind == NOT_PLAIN:
                continue
            found += 1
            record = bytearray(requests.records[64 * number : 64 * number + 64])
            if kind == PLACES:
                record[16:24] = (1).to_bytes(8, "little")
            assert (kind, bytes(record), ids[number]) == by_the_twin(trading, text), text
    return found


def varied(chance, fields):
    """A few fields left out, changed, or in another order."""
    fields = dict(fields)
    for _ in range(chance.randrange(3)):
        name = chance.choice(list(VALUES))
        fields[name] = chance.choice(VALUES[name])
    for name in chance.sample(list(fields), chance.randrange(3)):
        del fields[name]
    names = chance.sample(list(fields), len(fields))
    return {name: fields[name] for name in names}


def test_generated_messages_mean_the_same(plain, trading):
    chance = random.Random(5)
    texts = []
    for _ in range(6_000):
        method = chance.choice(["order.place", "order.cancel"])
        base = ORDER if method == "order.place" else TARGET
        request_id = chance.choice([0, 7, 10**17, 10**18, "a", "x" * 29, "x" * 30, "é", '"', None])
        texts.append(message(method, varied(chance, base), request_id))
    assert compare(plain, trading, texts) > 500


def test_every_byte_flipped_cut_or_doubled_is_judged_alike(plain, trading):
    texts = []
    samples = [message("order.place", ORDER), message("order.cancel", TARGET, "abc")]
    for sample in samples:
        for at in range(len(sample)):
            before, byte, behind = sample[:at], sample[at], sample[at + 1 :]
            texts += [sample[:at], sample[at:], before + behind, before + sample[at:at] + behind]
            texts += [before + bytes([byte ^ 1 << bit]) + behind for bit in range(8)]
            texts += [before + some + sample[at:] for some in (b"0", b" ", b'"', b"\\", b",", b"}")]
    assert compare(plain, trading, texts) > 300


@pytest.mark.parametrize("name", ["price", "quantity", "clientId", "orderId", "symbol", "side"])
def test_hostile_values_are_never_taken_for_something_else(plain, trading, name):
    texts = []
    for text in HOSTILE.values():
        fields = {**(TARGET if name == "orderId" else ORDER), name: "HERE"}
        method = "order.cancel" if name == "orderId" else "order.place"
        texts.append(message(method, fields).replace(b'"HERE"', text.encode()))
    compare(plain, trading, texts)


def test_what_can_be_read_in_two_ways_is_not_plain(plain):
    good = message("order.place", ORDER)
    wrong = [
        good.replace(b'"side": "Bid"', b'"side": "Bid", "side": "Ask"'),
        good.replace(b'"id": 7', b'"id": 7, "id": 8'),
        good.replace(b'"method"', b'"method": "order.cancel", "method"'),
        good[:-1] + b', "params": {}}',
        good.replace(b"SOL_USDC", b"SOL\\u005fUSDC"),
        good.replace(b"Bid", b"B\\u0069d"),
        good + b"{}",
        good + b"x",
        b"\xef\xbb\xbf" + good,
        good.decode().encode("utf-16"),
    ]
    assert plain.read([good]) == bytes([PLACES])
    assert [plain.read([text]) for text in wrong] == [bytes([NOT_PLAIN])] * len(wrong)


def test_what_is_odd_neither_shifts_nor_hinders_others(plain):
    good = message("order.cancel", TARGET)
    odd = [good + b"\0" + good, good + b"\0", b"\0", b"", b" " * INPUT_BYTES_MAX, b"x" * 65_536]
    for text in odd:
        assert plain.read([text]) == bytes([NOT_PLAIN])
        assert plain.read([good, text, text, good]) == bytes([CANCELS, 0, 0, CANCELS])
        some = [good, *[text] * (TEXTS_MAX - 2), good]
        assert plain.read(some) == bytes([CANCELS, *bytes(TEXTS_MAX - 2), CANCELS])


def test_only_so_many_are_read_at_once(plain):
    good = message("order.cancel", TARGET)
    assert plain.read([good] * TEXTS_MAX) == bytes([CANCELS]) * TEXTS_MAX
    assert plain.read([good] * (TEXTS_MAX + 1)) == plain.read([]) == b""


def test_what_fills_the_memory_to_its_last_byte_is_read_whole(plain):
    good = message("order.cancel", TARGET)
    size = INPUT_BYTES_MAX // TEXTS_MAX - 1
    for padded in (good.ljust(size), good.rjust(size)):
        assert plain.read([padded] * TEXTS_MAX) == bytes([CANCELS]) * TEXTS_MAX
    assert plain.read([good.rjust(INPUT_BYTES_MAX - 1)]) == bytes([CANCELS])
    body = json.dumps(TARGET).encode()
    assert plain.signed(body.rjust(INPUT_BYTES_MAX), CANCELLING) is not None
    assert plain.signed(body[:-1].rjust(INPUT_BYTES_MAX), CANCELLING) is None
    assert plain.signed(body.rjust(INPUT_BYTES_MAX + 1), CANCELLING) is None


def signed_by_the_twin(trading, body, kind):
    value = decode(body)
    objects = batch_of(value) if kind.is_list else [object_of(value)]
    instruction = "orderExecute" if kind.places else "orderCancel"
    parameters = list(map(parameters_of, objects))
    raw, encoded = (
        base_string(instruction, parameters, "", encoded=encoded) for encoded in (False, True)
    )
    assert raw == encoded
    make = trading.place_batch if kind.is_list else trading.place
    make = make if kind.places else trading.cancel
    return raw.encode(), make(objects if kind.is_list else objects[0], ACCOUNT, 0)


@pytest.mark.parametrize("kind", [PLACING, CANCELLING, BATCHING])
def test_what_is_signed_of_a_body_is_the_same(plain, trading, kind):
    chance = random.Random(6)
    found = 0
    for _ in range(1_500):
        count = chance.randrange(1, 5) if kind.is_list else 1
        objects = [varied(chance, ORDER if kind.places else TARGET) for _ in range(count)]
        body = json.dumps(objects if kind.is_list else objects[0]).encode()
        if chance.randrange(4) == 0:
            at = chance.randrange(len(body))
            body = body[:at] + chance.choice([b"", b" ", b"1", b"]", b","]) + body[at + 1 :]
        signed = plain.signed(body, kind)
        if signed is None:
            continue
        found += 1
        text, work = signed_by_the_twin(trading, body, kind)
        assert signed.text == text
        mine = plain.work(kind, signed.objects, ACCOUNT)
        assert mine.commands == work.commands == signed.objects
        assert without_ids(mine) == without_ids(work)
        assert kind.places or mine.order_id == work.order_id
    assert found > 100


def without_ids(work):
    records = bytearray(work.records)
    if records[0] == PLACES + 1:
        for at in range(16, len(records), 64):
            records[at : at + 8] = bytes(8)
    return records


def test_no_batch_is_larger_than_it_may_be(plain):
    one = json.dumps(ORDER).encode()
    assert plain.signed(b"[" + b",".join([one] * 100) + b"]", BATCHING) is not None
    for count in (0, 101, 257):
        assert plain.signed(b"[" + b",".join([one] * count) + b"]", BATCHING) is None


def test_new_orders_are_named_one_after_the_other(directory):
    plain = PlainOrders(Codec(), directory, lambda count: 1000 * count)
    place, cancel = message("order.place", ORDER), message("order.cancel", TARGET)
    kinds = plain.read([place, cancel, place, place])
    requests = plain.requests(1, kinds[1:], ACCOUNT)
    assert list(requests.order_ids()) == [8796093022209, 2000, 2001]


def replies(chance, directory, count):
    """Replies of all kinds, some of which no engine would give."""
    rows = []
    for _ in range(count):
        amounts = [chance.choice([0, 1, 10, 12_345, 10**12, (1 << 62)]) for _ in range(4)]
        low = chance.randrange(1 << 9) & ~(3 << 5 | 3 << 1) | chance.randrange(3) << 1
        low |= chance.choice([0, 0, 0, 1 << 5])
        low |= chance.choice([0, 0, 0, 0, ORDER_TRIGGER])
        status = chance.choice([OrderStatus.NEW, OrderStatus.FILLED, OrderStatus.REJECTED])
        market = chance.choice(list(directory.markets))
        names = (chance.randrange(1 << 63), 7, chance.randrange(1 << 32))
        time_flags = chance.randrange(1 << 41) << 16 | low
        rows.append((1, status, 300, 0, market, *names, *amounts, time_flags))
    packed = b""
    for row in rows:
        record = bytearray(REPLY.itemsize)
        for name, value in zip(REPLY.names, row, strict=True):
            layout, at, *_ = REPLY.fields[name]
            record[at : at + layout.itemsize] = value.to_bytes(layout.itemsize, "little")
        packed += record
    return packed


def told(request_id, result):
    try:
        return result_frame(request_id, result())
    except ApiError as error:
        return b"<%b %d>" % (request_id, error.status)


def test_replies_are_told_as_the_twin_tells_them(plain, directory):
    chance = random.Random(7)
    for _ in range(60):
        count = chance.randrange(1, 40)
        packed = replies(chance, directory, count)
        ids = [chance.choice([b"7", b'"x"', b"123456789012345678"]) for _ in range(count)]
        texts = [
            b'{"id":%b,"method":"order.cancel","params":%b}' % (one, json.dumps(TARGET).encode())
            for one in ids
        ]
        requests = plain.requests(0, plain.read(texts), ACCOUNT)
        frames = []
        for request_id, reply in zip(ids, replies_of(packed), strict=True):
            frames.append(told(request_id, lambda r=reply: text_of_order(r, directory.markets)))
        assert plain.frames([requests], packed, told) == [b"".join(frames)]
        cut = chance.randrange(count)
        parts = [plain.requests(0, bytes(cut), 0), plain.requests(cut, bytes(count - cut), 0)]
        told_apart = plain.frames(parts[not cut :], packed, told)
        assert b"".join(told_apart) == b"".join(frames)
        assert len(told_apart) == 1 or told_apart[0] == b"".join(frames[:cut])


def test_a_batch_is_told_as_the_twin_tells_it(plain, trading, directory):
    chance = random.Random(8)
    order = dict(ORDER)
    for _ in range(60):
        count = chance.randrange(1, 10)
        packed = replies(chance, directory, count)
        body = json.dumps([order] * count).encode()
        assert plain.signed(body, BATCHING) is not None
        mine = plain.work(BATCHING, count, ACCOUNT)
        twin = trading.place_batch(batch_of(decode(body)), ACCOUNT, 0)
        assert mine.told(packed, directory.markets) == twin.told(packed, directory.markets)
        assert len(mine.accepted()) == len(twin.accepted())


def test_markets_that_come_later_are_known_at_once(directory):
    exchange = LocalExchange()
    plain = PlainOrders(Codec(), exchange.directory, lambda _: 1)
    text = message("order.cancel", {"symbol": "BTC_USDC", "orderId": 1})
    assert plain.read([text]) == bytes([CANCELS])
    market = exchange.directory.market_by_symbol["BTC_USDC"]
    assert (
        plain.requests(0, bytes([CANCELS]), ACCOUNT).records[COMMAND.fields["market"][1]]
        == market.number
    )

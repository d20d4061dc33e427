"""Whatever is sent to an order entry session, it is answered or closed, and nothing changes."""

import asyncio
import json
import random
import socket

import pytest
import uvloop
from rooms.client import CONTINUATION, PING, frame
from security.test_websocket_garbage import bad_text, garbage
from venue.database import history_of
from venue.entry import UPGRADE, EntryClient
from venue.local import LocalExchange
from venue.server import serving
from venue.values import HOSTILE

from truebook.api.app import Application
from truebook.plain.codec import Codec
from truebook.ws.connections import connection

CASES = 5_000
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
LIMIT = {name: ORDER[name] for name in ("symbol", "side", "orderType")}
MARKET = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Market"}
FIELDS = [
    ("order.place", "price", ORDER),
    ("order.place", "quantity", ORDER),
    ("order.place", "clientId", ORDER),
    ("order.place", "deadline", ORDER),
    ("order.place", "quoteQuantity", MARKET),
    ("order.place", "quantity", MARKET),
    ("order.place", "triggerPrice", LIMIT | {"price": "90", "triggerQuantity": "1"}),
    ("order.place", "triggerQuantity", LIMIT | {"price": "90", "triggerPrice": "95"}),
    (
        "order.place",
        "slippageTolerance",
        MARKET | {"quantity": "1", "slippageToleranceType": "Percent"},
    ),
    ("order.amend", "orderId", {"symbol": "SOL_USDC", "price": "90", "quantity": "1"}),
    ("order.amend", "clientId", {"symbol": "SOL_USDC", "price": "90", "quantity": "1"}),
    ("order.amend", "price", {"symbol": "SOL_USDC", "orderId": "1", "quantity": "1"}),
    ("order.amend", "quantity", {"symbol": "SOL_USDC", "orderId": "1", "price": "90"}),
    ("order.cancel", "orderId", {"symbol": "SOL_USDC"}),
    ("order.cancel", "clientId", {"symbol": "SOL_USDC"}),
    ("session.logon", "timestamp", {"apiKey": "x", "signature": "x"}),
    ("session.logon", "window", {"apiKey": "x", "signature": "x", "timestamp": 1}),
]
"""Every field that takes a number."""
UNREADABLE = {
    "NaN",
    "Infinity",
    "minus Infinity",
    "leading zeros as number",
    "NUL",
    "lone surrogate",
}


@pytest.fixture(scope="module")
def session():
    exchange = LocalExchange()
    trader = exchange.open_account("trader", {"USDC": "100000", "SOL": "1000"})
    with serving(exchange) as url, EntryClient(url) as client:
        yield exchange, client.log_on(trader)


ORDERS = [("orders.place", name, rest) for method, name, rest in FIELDS[:9] if name != "deadline"]


@pytest.mark.parametrize(("method", "name", "rest"), [*FIELDS, *ORDERS])
def test_a_hostile_number_is_refused_by_name_and_changes_nothing(session, method, name, rest):
    exchange, client = session
    before = exchange.engine.state_hash()
    for word, text in HOSTILE.items():
        if name == "orderId" and word == "2^63-1":
            continue  # it could be one
        fields = {part: value for part, value in rest.items() if part != name}
        params = f'{json.dumps(fields)[:-1]}, "{name}": {text}}}'
        if method == "orders.place":
            params = f'{{"orders": [{params}]}}'
        client.send(f'{{"id": 1, "method": "{method}", "params": {params}}}'.encode())
        answer = client.hear()
        if method == "orders.place" and answer["status"] == 200:
            (error,) = answer["result"]
            assert error.pop("operation") == "Err"
        else:
            assert answer["status"] in (400, 401), (word, answer)
            error = answer["error"]
        if word not in UNREADABLE and method != "session.logon":
            assert error["field"] == name, (word, error)
    assert exchange.engine.state_hash() == before


class Wire:
    """A session's connection, fed by hand; what the server writes goes to a socket that is read
    now and then."""

    def __init__(self, application, listener):
        self.ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
        self.ours.setblocking(False)
        self._theirs = theirs
        self.is_closed = False
        self.protocol = connection(application.entry.admit)
        self.protocol.connection_made(self)
        self.feed(UPGRADE + b"\r\n")

    def feed(self, data):
        while data and not self.is_closed:
            buffer = self.protocol.get_buffer(len(data))
            piece, data = data[: len(buffer)], data[len(buffer) :]
            buffer[: len(piece)] = piece
            self.protocol.buffer_updated(len(piece))

    def heard(self):
        try:
            return self.ours.recv(1 << 20)
        except BlockingIOError:
            return b""

    def close(self):
        if not self.is_closed:
            self.is_closed = True
            self.protocol.connection_lost(None)

    abort = close

    def release(self):
        self.close()
        self.ours.close()
        self._theirs.close()

    # asyncio.Transport

    def get_extra_info(self, name):
        return {"socket": self._theirs, "peername": ("192.0.2.1", 1)}.get(name)

    def get_write_buffer_size(self):
        return 0

    def set_write_buffer_limits(self, high):
        """There is no buffer."""

    def write(self, data):
        if not self.is_closed:
            self._theirs.send(data)


def entry_garbage(chance):
    """Garbage of any application, and of this one."""
    if chance.random() < 0.5:
        return garbage(chance)
    value = chance.choice([*HOSTILE.values(), '"x"', "{}", "[]", "null", '"' + "y" * 5_000 + '"'])
    method = chance.choice(
        ["order.place", "order.cancel", "orders.place", "session.logon", "order.cancelAll", "ping"]
    )
    text = chance.choice(
        [
            f'{{"id": {value}, "method": "{method}", "params": {{}}}}'.encode(),
            f'{{"id": 1, "method": "{method}", "params": {value}}}'.encode(),
            f'{{"id": 1, "method": {value}, "params": {{}}}}'.encode(),
            f'{{"id": 1, "method": "{method}", "params": {{"orders": {value}}}}}'.encode(),
            f'{{"id": 1, "method": "session.logon", "params": {{"apiKey": {value}}}}}'.encode(),
            bad_text(chance),
        ]
    )
    cut = chance.randint(0, len(text))
    return chance.choice(
        [
            frame(text),
            frame(text) * 3,
            frame(text[:cut], fin=False) + frame(b"", PING) + frame(text[cut:], CONTINUATION),
        ]
    )


def test_garbage_is_answered_or_closed_and_the_next_client_is_served():
    exchange = LocalExchange()
    chance = random.Random(11)
    ping = frame(b'{"id": "behind it", "method": "ping"}')

    async def run(application):
        before = exchange.engine.state_hash()
        answered = closed = 0
        listener = socket.create_server(("127.0.0.1", 0))
        for case in range(CASES):
            wire = Wire(application, listener)
            assert wire.heard().startswith(b"HTTP/1.1 101"), case
            data = entry_garbage(chance)
            cut = chance.randint(0, len(data))
            wire.feed(data[:cut])
            wire.feed(data[cut:] + ping)
            # What came is carried out once all is read.
            await asyncio.sleep(0)
            said = wire.heard()
            is_ending = wire.is_closed or b"\x88" in said
            # A length that promises more than comes is waited for.
            assert said or is_ending or wire.protocol.listener is not None
            answered += b"behind it" in said
            closed += is_ending
            wire.release()
        listener.close()
        assert answered > CASES / 4
        assert closed > CASES / 10
        assert exchange.engine.state_hash() == before
        assert not application.entry._sessions
        await application.entry.leave()

    with (
        history_of(exchange) as history,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(run(Application(exchange, history, codec=Codec())))

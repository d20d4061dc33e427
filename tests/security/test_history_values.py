"""Every hostile value in every number of a history query: refused by name, or harmless."""

import pytest
from venue.asgi import Client
from venue.credentials import query_of
from venue.database import history_of
from venue.local import LocalExchange
from venue.values import HOSTILE

from truebook.api.app import Application

WHOLE = {"2^63-1": str((1 << 63) - 1), "zero": "0", "19 zeros": "1.0000000000000000000"}
TEXTS = {
    word: text.strip('"').encode().decode("unicode_escape") if "\\" in text else text.strip('"')
    for word, text in HOSTILE.items()
    if word != "lone surrogate"
}
USUAL = {"symbol": "SOL_USDC", "interval": "1d", "startTime": "0"}
PUBLIC = {
    "/api/v1/trades": ("limit", "offset"),
    "/api/v1/trades/history": ("limit", "offset"),
    "/api/v1/klines": ("startTime", "endTime"),
}
PRIVATE = {
    "/wapi/v1/history/orders": ("orderId", "limit", "offset"),
    "/wapi/v1/history/fills": ("orderId", "limit", "offset", "from", "to"),
}


@pytest.fixture(scope="module")
def clients():
    exchange = LocalExchange()
    with history_of(exchange) as history:
        application = Application(exchange, history)
        yield Client(application), Client(application, exchange.open_account("a", {"SOL": "1"}))


def check(answer, field, word):
    assert answer.status in (200, 400), (field, word, answer.body)
    if answer.status == 400:
        assert answer.json["field"] == field, (field, word)
    else:
        assert word in WHOLE, (field, word)


@pytest.mark.parametrize("path", PUBLIC)
def test_public_numbers(clients, path):
    for field in PUBLIC[path]:
        for word, text in (TEXTS | WHOLE).items():
            query = query_of(USUAL | {field: text})
            check(clients[0].raw("GET", path, query=query), field, word)


@pytest.mark.parametrize("path", PRIVATE)
def test_private_numbers(clients, path):
    for field in PRIVATE[path]:
        for word, text in (TEXTS | WHOLE).items():
            check(clients[1].call("GET", path, {field: text}), field, word)


def test_a_lone_surrogate_in_a_query_is_no_text(clients):
    for path in (*PUBLIC, *PRIVATE):
        assert clients[0].raw("GET", path, query="limit=%ED%A0%80").status == 400


def test_a_name_that_stands_twice_is_refused(clients):
    answer = clients[0].raw("GET", "/api/v1/trades", query="symbol=SOL_USDC&limit=1&limit=2")
    assert (answer.status, answer.json["field"]) == (400, "limit")

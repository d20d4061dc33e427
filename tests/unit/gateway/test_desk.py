"""What sessions say in one moment, where one of them meets a bug."""

import asyncio
import json

import pytest

from truebook.api.authenticate import Caller
from truebook.api.entry import session as entry
from truebook.api.entry.session import EntrySession

ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
BUG = b"a message that nobody foresaw"


class Keeper:
    def joined(self, session):
        pass

    def left(self, session):
        pass


@pytest.fixture
def sessions(application, alice, bob, monkeypatch):
    """Of alice and bob, whose messages meet a bug if they are BUG."""
    read_request = entry.read_request

    def broken(text):
        if text == BUG:
            raise RuntimeError
        return read_request(text)

    monkeypatch.setattr(entry, "read_request", broken)
    found = []
    for client in (alice, bob):
        session = EntrySession(Keeper(), application.entry._services, "10.0.0.1")
        account, key = client.credentials.account, client.credentials.api_key
        public_key = next(iter(application.entry._services.exchange.directory.keys_of(account)))
        session._user = entry._User(Caller(account, public_key, b""), key, 0, None)
        found.append(session)
    return found


@pytest.mark.parametrize("extra", [{}, {"timeInForce": "GTC", "kind": None}])
def test_behind_a_bug_nothing_of_its_session_is_done_and_all_of_others(
    exchange, alice, bob, sessions, extra
):
    broken, other = sessions
    order = json.dumps({"id": 1, "method": "order.place", "params": ORDER | extra}).encode()

    async def scenario():
        for session, text in [(broken, BUG), (other, order), (broken, order), (other, order)]:
            session.said(text)
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert len(exchange.engine.open_orders(bob.credentials.account)) == 2
    assert exchange.engine.open_orders(alice.credentials.account) == []

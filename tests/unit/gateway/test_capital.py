"""Deposits and withdrawals over HTTP: requested, told, settled, and what is refused."""

import asyncio
import json
import re

import pytest
from venue.asgi import Client
from venue.credentials import signed_headers

from truebook import commands
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable
from truebook.messages import Permission, WithdrawalState, note_parts

ADDRESS, DEPOSITS = "/wapi/v1/capital/deposit/address", "/wapi/v1/capital/deposits"
WITHDRAWALS = "/wapi/v1/capital/withdrawals"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
WANTED = {
    "address": "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
    "blockchain": "Solana",
    "quantity": "10.5",
    "symbol": "USDC",
}


def withdraw(client, **fields):
    return client.call("POST", WITHDRAWALS, WANTED | fields)


def settle(exchange, withdrawal_id, state):
    exchange.apply(commands.settle_withdrawal(withdrawal_id=withdrawal_id, state=state))


def usdc(client):
    return client.call("GET", "/api/v1/capital").json["USDC"]


def test_a_withdrawal_waits_with_its_amount_locked(alice):
    answer = withdraw(alice, clientId="77")
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["status"], told["quantity"], told["symbol"]) == ("pending", "10.5", "USDC")
    assert (told["toAddress"], told["blockchain"]) == (WANTED["address"], "Solana")
    assert (told["clientId"], told["fee"], told["isInternal"]) == ("77", "0", False)
    assert isinstance(told["id"], int)
    assert ISO.fullmatch(told["createdAt"])
    assert usdc(alice) == {"available": "99989.5", "locked": "10.5", "staked": "0"}


@pytest.mark.parametrize(
    ("state", "word", "available"),
    [
        (WithdrawalState.CONFIRMED, "confirmed", "99989.5"),
        (WithdrawalState.REFUSED, "declined", "100000"),
    ],
)
def test_a_withdrawal_is_settled_or_refused(alice, exchange, state, word, available):
    told = withdraw(alice).json
    settle(exchange, told["id"], state)
    (found,) = alice.call("GET", WITHDRAWALS).json
    assert found["status"] == word
    assert found | {"status": "pending"} == told | {"createdAt": found["createdAt"]}
    assert usdc(alice) == {"available": available, "locked": "0", "staked": "0"}


def test_withdrawals_are_found_by_id_client_id_and_time(alice, bob):
    ids = [withdraw(alice, clientId=name).json["id"] for name in ("a", "b", "a")]
    withdraw(bob, clientId="a")

    def found(**query):
        answer = alice.call("GET", WITHDRAWALS, query)
        assert answer.status == 200, answer.body
        return [one["id"] for one in answer.json]

    assert found() == ids[::-1]
    assert found(id=ids[1]) == [ids[1]]
    assert found(clientId="a") == [ids[2], ids[0]]
    assert found(limit=1, offset=1) == [ids[1]]
    assert found(to=1) == []
    assert found(**{"from": 1}) == ids[::-1]
    headers = alice.call("GET", WITHDRAWALS, {"limit": 2}).headers
    assert (headers["x-total"], headers["x-page-count"]) == ("3", "2")


def test_a_note_of_another_hand_is_no_harm(alice, exchange):
    account = alice.credentials.account
    wanted = {"account": account, "asset": 0, "amount": 5, "withdrawal_id": 99}
    note = note_parts("someone\nbecause", 1)
    exchange.apply(b"".join([*note, commands.request_withdrawal(**wanted)]))
    (found,) = alice.call("GET", WITHDRAWALS).json
    assert (found["id"], found["toAddress"], found["blockchain"]) == (99, "", None)


def test_deposits_are_told_and_paged(alice, exchange):
    for amount in (5, 6):
        exchange.apply(commands.deposit(account=alice.credentials.account, asset=0, amount=amount))
    answer = alice.call("GET", DEPOSITS, {"limit": 2})
    assert [one["quantity"] for one in answer.json] == ["0.000006", "0.000005"]
    newest = answer.json[0]
    assert (newest["symbol"], newest["status"]) == ("USDC", "confirmed")
    assert (newest["source"], newest["fromAddress"]) == ("administrator", None)
    assert (
        newest["toAddress"] == alice.call("GET", ADDRESS, {"blockchain": "Solana"}).json["address"]
    )
    assert ISO.fullmatch(newest["createdAt"])
    assert answer.headers["x-total"] == "4"  # with the two that the account was opened with
    assert alice.call("GET", DEPOSITS, {"to": 1}).json == []


def test_each_account_has_an_address_of_its_own(alice, bob):
    first = alice.call("GET", ADDRESS, {"blockchain": "Solana"}).json
    assert first == alice.call("GET", ADDRESS, {"blockchain": "Bitcoin"}).json
    assert first != bob.call("GET", ADDRESS, {"blockchain": "Solana"}).json
    assert alice.call("GET", ADDRESS).json["field"] == "blockchain"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quantity": "0"}, "INVALID_QUANTITY", "quantity"),
        ({"quantity": "0.0000001"}, "INVALID_CLIENT_REQUEST", "quantity"),
        ({"quantity": "100000.000001"}, "INSUFFICIENT_FUNDS", None),
        ({"symbol": "XYZ"}, "INVALID_ASSET", "symbol"),
        ({"address": ""}, "INVALID_CLIENT_REQUEST", "address"),
        ({"address": "x" * 201}, "INVALID_CLIENT_REQUEST", "address"),
        ({"address": "𝕏" * 200, "clientId": "𝕏" * 100}, "INVALID_CLIENT_REQUEST", "address"),
        ({"address": True}, "INVALID_CLIENT_REQUEST", "address"),
        ({"blockchain": ""}, "INVALID_CLIENT_REQUEST", "blockchain"),
        ({"clientId": ""}, "INVALID_CLIENT_REQUEST", "clientId"),
    ],
)
def test_a_withdrawal_that_can_not_be_meant_changes_nothing(alice, exchange, changes, code, field):
    answer = withdraw(alice, **changes)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json.get("field") == field
    assert exchange.engine.pending_withdrawals() == []
    assert usdc(alice)["locked"] == "0"


def test_a_key_that_may_only_trade_withdraws_nothing(exchange, application):
    money = {"USDC": "100"}
    for permissions in (Permission.READ | Permission.TRADE, Permission.ADMIN):
        name = f"holder {int(permissions)}"
        client = Client(application, exchange.open_account(name, money, permissions))
        answer = withdraw(client)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
    assert exchange.engine.pending_withdrawals() == []


@pytest.mark.parametrize(
    ("failure", "status"), [(TimedOut("no answer"), 504), (LogUnavailable("away"), 503)]
)
def test_what_became_of_a_withdrawal_can_be_found_out(alice, exchange, failure, status):
    exchange.failure = failure
    answer = withdraw(alice)
    assert answer.status == status
    assert ("id" in answer.json) == (status == 504)


def test_the_same_signature_withdraws_once(alice, exchange):
    headers = signed_headers(alice.credentials, "withdraw", WANTED)
    body = json.dumps(WANTED).encode()
    answers = [alice.raw("POST", WITHDRAWALS, body=body, headers=headers) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 409]
    assert len(exchange.engine.pending_withdrawals()) == 1


def test_a_thousand_withdrawals_at_once_take_exactly_what_the_balance_covers(exchange, application):
    client = Client(application, exchange.open_account("rich", {"USDC": "1000"}))
    fields = WANTED | {"quantity": "3"}

    async def all_at_once():
        return await asyncio.gather(
            *(client.sent("POST", WITHDRAWALS, fields | {"clientId": n}) for n in range(1000))
        )

    statuses = [answer.status for answer in asyncio.run(all_at_once())]
    assert statuses.count(200) == 333
    assert statuses.count(400) == 667
    assert usdc(client) == {"available": "1", "locked": "999", "staked": "0"}
    assert len(exchange.engine.pending_withdrawals(client.credentials.account)) == 333

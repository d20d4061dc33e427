"""What administrators do: its effect, and what of it stands in the log."""

import asyncio

import pytest
from venue.browser import PASSWORD, Town

from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import LogEntry, Position
from truebook.engine.fast import FastEngine
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import (
    NOTE_PARTS_MAX,
    RULES_VERSION_MAX,
    MarketState,
    note_parts,
    read_note,
)
from truebook.people.admin import Admin, Why
from truebook.people.audit import noted
from truebook.people.errors import Unacceptable
from truebook.people.exchange import Refused

ORDER = {
    "symbol": "SOL_USDC",
    "side": "Bid",
    "orderType": "Limit",
    "price": "90",
    "quantity": "1",
}


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()


@pytest.fixture
def root(town):
    return town.administrator()


@pytest.fixture
def alice(town, root):
    return town.signed_up("alice")


@pytest.fixture
def log(town, monkeypatch):
    """The entries that were submitted."""
    entries = []
    apply = town.exchange.apply

    def kept(records):
        entries.append(LogEntry(Position(len(entries) + 1, 0), 7, pack_entry(1, 1, records)))
        return apply(records)

    monkeypatch.setattr(town.exchange, "apply", kept)
    return entries


def admin(somebody, method, path, **fields):
    answer = somebody.call(method, f"/api/v1/admin/{path}", reason="because", **fields)
    return answer


def test_a_credit_and_a_debit_move_what_is_available(root, alice, log):
    credit = {"name": "alice", "symbol": "USDC", "quantity": "100.5"}
    assert admin(root, "POST", "credit", **credit).status == 200
    assert alice.call("GET", "/api/v1/capital").json["USDC"]["available"] == "100.5"
    debit = {"name": "alice", "symbol": "USDC", "quantity": "100"}
    assert admin(root, "POST", "debit", **debit).status == 200
    assert alice.call("GET", "/api/v1/capital").json["USDC"]["available"] == "0.5"
    refused = admin(root, "POST", "debit", **debit)
    assert (refused.status, refused.json["code"]) == (400, "INSUFFICIENT_FUNDS")
    notes = list(noted(log))
    assert [note.why for note in notes] == ["because"] * 3
    assert notes[0].who.startswith("root, account 1, session ")
    assert notes[0].commands == [{"kind": "DEPOSIT", "account": 2, "asset": 0, "amount": 100500000}]
    assert notes[1].commands[0]["kind"] == "WITHDRAW"


def test_the_venues_account_can_be_credited_by_its_number(root):
    answer = admin(root, "POST", "credit", accountId=0, symbol="USDC", quantity="1")
    assert answer.status == 200


@pytest.mark.parametrize("state", ["CancelOnly", "PostOnly", "LimitOnly", "Closed", "Open"])
def test_a_market_is_put_into_any_state(root, alice, state):
    path = "markets/state"
    answer = admin(root, "POST", path, symbol="SOL_USDC", state=state)
    assert answer.json == {"symbol": "SOL_USDC", "orderBookState": state}
    market = alice.call("GET", "/api/v1/market", symbol="SOL_USDC").json
    assert market["orderBookState"] == state


def test_a_halted_market_takes_no_orders_until_it_is_reopened(root, alice):
    admin(root, "POST", "credit", name="alice", symbol="USDC", quantity="100")
    admin(root, "POST", "markets/state", symbol="SOL_USDC", state="Closed")
    assert alice.call("POST", "/api/v1/order", **ORDER).json["code"] == "TRADING_PAUSED"
    admin(root, "POST", "markets/state", symbol="SOL_USDC", state="Open")
    assert alice.call("POST", "/api/v1/order", **ORDER).status == 200


def test_an_asset_and_a_market_are_added_while_the_exchange_runs(root, alice):
    answer = admin(root, "POST", "assets", symbol="EUR", decimals=4, displayName="Euro")
    assert answer.json == {"symbol": "EUR", "decimals": 4}
    plan = {"symbol": "SOL_EUR", "tick": "0.01", "step": "0.01", "priceMax": "5000"}
    answer = admin(root, "POST", "markets", **plan, state="PostOnly")
    assert answer.json == {"symbol": "SOL_EUR", "orderBookState": "PostOnly"}
    market = alice.call("GET", "/api/v1/market", symbol="SOL_EUR").json
    assert market["filters"]["price"]["maxPrice"] == "5000"
    admin(root, "POST", "credit", name="alice", symbol="EUR", quantity="100")
    order = ORDER | {"symbol": "SOL_EUR", "postOnly": True}
    assert alice.call("POST", "/api/v1/order", **order).status == 200


def test_fees_follow_the_tier_of_the_account(root, alice):
    assert admin(root, "POST", "tiers", tier=3, makerFee=1, takerFee=5).status == 200
    answer = admin(root, "PATCH", "accounts", name="alice", tier=3)
    assert answer.json["tier"] == 3
    account = alice.call("GET", "/api/v1/account").json
    assert (account["spotMakerFee"], account["spotTakerFee"]) == ("1", "5")


def test_a_blocked_account_may_only_cancel(root, alice):
    admin(root, "POST", "credit", name="alice", symbol="USDC", quantity="1000")
    order_id = alice.call("POST", "/api/v1/order", **ORDER).json["id"]
    assert admin(root, "PATCH", "accounts", name="alice", blocked=True).json["blocked"] is True
    answer = alice.call("POST", "/api/v1/order", **ORDER)
    assert (answer.status, answer.json["code"]) == (403, "ACCOUNT_DEACTIVATED")
    target = {"symbol": "SOL_USDC", "orderId": order_id}
    assert alice.call("DELETE", "/api/v1/order", **target).status == 200
    assert admin(root, "PATCH", "accounts", name="alice", blocked=False).json["blocked"] is False
    assert alice.call("POST", "/api/v1/order", **ORDER).status == 200


def test_a_cap_on_open_orders_can_be_changed(root, alice):
    admin(root, "POST", "credit", name="alice", symbol="USDC", quantity="1000")
    answer = admin(root, "PATCH", "accounts", name="alice", openOrdersMax=1)
    assert answer.json["openOrdersMax"] == 1
    assert alice.call("POST", "/api/v1/order", **ORDER).status == 200
    assert alice.call("POST", "/api/v1/order", **ORDER).json["code"] == "ORDER_LIMIT"


def test_a_credit_with_a_reference_counts_once_and_the_note_tells_it(root, alice, log):
    credit = {"name": "alice", "symbol": "USDC", "quantity": "5", "reference": "wire 4711"}
    assert admin(root, "POST", "credit", **credit).status == 200
    again = admin(root, "POST", "credit", **(credit | {"quantity": "7"}))
    assert (again.status, again.json["code"]) == (409, "PRECONDITION_FAILED")
    other = credit | {"reference": "wire 4712"}
    assert admin(root, "POST", "credit", **other).status == 200
    assert alice.call("GET", "/api/v1/capital").json["USDC"]["available"] == "10"
    assert next(note.why for note in noted(log)) == "because [reference wire 4711]"


def test_a_markets_cap_and_filters_are_changed_and_the_rest_stays(town, root, alice):
    before = town.exchange.directory.market_by_symbol["SOL_USDC"]
    admin(root, "POST", "markets/state", symbol="SOL_USDC", state="PostOnly")
    admin(root, "POST", "credit", name="alice", symbol="USDC", quantity="1000")
    changes = {"openOrdersMax": 1, "priceMin": "90.00", "quantityMax": "100"}
    answer = admin(root, "PATCH", "markets", symbol="SOL_USDC", **changes)
    assert answer.json == {"symbol": "SOL_USDC", "orderBookState": "PostOnly"}
    after = town.exchange.directory.market_by_symbol["SOL_USDC"]
    changed = {"open_orders_max": 1, "price_min": 9_000, "quantity_max": 10_000}
    assert after == before._replace(state=MarketState.POST_ONLY, **changed)
    assert alice.call("POST", "/api/v1/order", **ORDER).status == 200
    assert alice.call("POST", "/api/v1/order", **ORDER).json["code"] == "ORDER_LIMIT"


def test_withdrawals_that_wait_are_listed_and_settled(root, alice, log):
    admin(root, "POST", "credit", name="alice", symbol="USDC", quantity="100")
    key = alice.make_key("withdraw")
    wanted = {"address": "somewhere", "blockchain": "Solana", "symbol": "USDC"}
    ids = [
        alice.signed(
            key, "POST", "/wapi/v1/capital/withdrawals", "withdraw", quantity=text, **wanted
        ).json["id"]
        for text in ("10", "20")
    ]
    listed = root.call("GET", "/api/v1/admin/withdrawals").json
    assert [(one["withdrawalId"], one["name"], one["quantity"]) for one in listed] == [
        (ids[0], "alice", "10"),
        (ids[1], "alice", "20"),
    ]
    assert root.call("GET", "/api/v1/admin/withdrawals", **{"from": ids[1]}).json == listed[1:]
    for withdrawal_id, status in zip(ids, ("confirmed", "declined"), strict=True):
        settled = {"withdrawalId": withdrawal_id, "status": status}
        assert admin(root, "POST", "withdrawals", **settled).json == settled
        assert admin(root, "POST", "withdrawals", **settled).status == 404
    assert root.call("GET", "/api/v1/admin/withdrawals").json == []
    balance = alice.call("GET", "/api/v1/capital").json["USDC"]
    assert (balance["available"], balance["locked"]) == ("90", "0")
    assert [note.commands[0]["kind"] for note in noted(log)][-1] == "SETTLE_WITHDRAWAL"


def test_nobody_but_an_administrator_sees_or_settles_withdrawals(root, alice):
    assert alice.call("GET", "/api/v1/admin/withdrawals").status == 403
    settled = {"withdrawalId": 1, "status": "confirmed"}
    assert admin(alice, "POST", "withdrawals", **settled).status == 403


def test_a_tier_with_a_rebate_is_paid_by_other_tiers_that_are_set(root, alice):
    assert admin(root, "PATCH", "accounts", name="alice", tier=5).status == 400, "not set yet"
    assert admin(root, "POST", "tiers", tier=5, makerFee=-2, takerFee=10).status == 200
    assert admin(root, "PATCH", "accounts", name="alice", tier=5).json["tier"] == 5
    assert alice.call("GET", "/api/v1/account").json["spotMakerFee"] == "-2"
    assert admin(root, "POST", "tiers", tier=6, makerFee=-11, takerFee=10).status == 400


def test_accounts_are_listed_page_by_page(root, alice):
    listed = root.call("GET", "/api/v1/admin/accounts").json
    assert [account["name"] for account in listed] == ["venue", "root", "alice"]
    page = root.call("GET", "/api/v1/admin/accounts", **{"from": 1, "limit": 1}).json
    assert [account["name"] for account in page] == ["root"]
    assert root.call("GET", "/api/v1/admin/accounts", **{"from": 99}).json == []


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "credit", {"name": "alice", "symbol": "NONE", "quantity": "1"}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "0"}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "-1"}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "1e5"}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": None}),
        ("POST", "credit", {"name": "nobody", "symbol": "USDC", "quantity": "1"}),
        ("POST", "credit", {"accountId": 99, "symbol": "USDC", "quantity": "1"}),
        ("POST", "credit", {"accountId": -1, "symbol": "USDC", "quantity": "1"}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "99999999999999"}),
        ("POST", "markets/state", {"symbol": "SOL_USDC", "state": "Asleep"}),
        ("POST", "markets/state", {"symbol": "SOL_NONE", "state": "Open"}),
        ("POST", "assets", {"symbol": "USDC", "decimals": 6}),
        ("POST", "assets", {"symbol": "eur", "decimals": 6}),
        ("POST", "assets", {"symbol": "E" * 17, "decimals": 6}),
        ("POST", "assets", {"symbol": "EUR", "decimals": 19}),
        ("POST", "assets", {"symbol": "EUR", "decimals": -1}),
        ("POST", "assets", {"symbol": "EUR"}),
        ("POST", "assets", {"symbol": "EUR", "decimals": 2, "supply": 9}),
        ("POST", "markets", {"symbol": "SOL_NONE", "tick": "1", "step": "1"}),
        ("POST", "markets", {"symbol": "SOLUSDC", "tick": "1", "step": "1"}),
        ("POST", "markets", {"symbol": "SOL_USDC", "tick": "1", "step": "1"}),
        ("POST", "markets", {"symbol": "SOL_BTC", "tick": "0.00000001", "step": "0.1"}),
        ("POST", "markets", {"symbol": "SOL_BTC", "tick": "0", "step": "1"}),
        ("POST", "markets", {"symbol": "SOL_SOL", "tick": "1", "step": "1"}),
        ("POST", "markets", {"symbol": "SOL_BTC", "tick": "1", "step": "1", "state": "x"}),
        (
            "POST",
            "markets",
            {"symbol": "SOL_BTC", "tick": "1", "step": "1", "openOrdersMax": 1 << 40},
        ),
        ("POST", "tiers", {"tier": 64, "makerFee": 1, "takerFee": 1}),
        ("POST", "tiers", {"tier": 1, "makerFee": -20, "takerFee": 1}),
        ("POST", "tiers", {"tier": 1, "makerFee": 99999, "takerFee": 1}),
        ("POST", "tiers", {"tier": 1, "makerFee": "x", "takerFee": 1}),
        ("PATCH", "accounts", {"name": "alice", "tier": 64}),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "1", "reference": 7}),
        (
            "POST",
            "credit",
            {"name": "alice", "symbol": "USDC", "quantity": "1", "reference": "x" * 65},
        ),
        ("POST", "credit", {"name": "alice", "symbol": "USDC", "quantity": "1", "reference": "ü"}),
        ("PATCH", "markets", {"symbol": "SOL_USDC"}),
        ("PATCH", "markets", {"symbol": "SOL_NONE", "openOrdersMax": 1}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "tick": "0.1"}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "priceMin": "0"}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "priceMin": "0.001"}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "priceMin": "9", "priceMax": "8"}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "openOrdersMax": 65_536}),
        ("PATCH", "markets", {"symbol": "SOL_USDC", "state": "Closed"}),
        ("POST", "withdrawals", {"withdrawalId": 1, "status": "confirmed"}),
        ("POST", "withdrawals", {"withdrawalId": 0, "status": "confirmed"}),
        ("POST", "withdrawals", {"withdrawalId": 1, "status": "pending"}),
        ("POST", "withdrawals", {"withdrawalId": 1 << 63, "status": "confirmed"}),
        ("PATCH", "accounts", {"name": "alice", "openOrdersMax": 1 << 32}),
        ("PATCH", "accounts", {"name": "alice", "blocked": "yes"}),
        ("PATCH", "accounts", {"name": ["alice"], "tier": 0}),
    ],
)
def test_what_can_not_be_meant_changes_nothing(town, root, alice, method, path, fields):
    before = everything(town)
    answer = admin(root, method, path, **fields)
    assert 400 <= answer.status < 500, answer
    assert everything(town) == before


def everything(town):
    """All that an administrator can change. (What the engine rejects still counts as an entry.)"""
    directory, engine = town.exchange.directory, town.exchange.engine
    settings = (directory.assets, directory.markets, directory.tiers, directory.accounts)
    balances = [
        engine.balance(account, asset)
        for account in directory.accounts
        for asset in directory.assets
    ]
    return [dict(part) for part in settings], balances


@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 201, 7, "\ud800"])
def test_nothing_is_done_without_a_reason(town, root, alice, reason):
    before = town.exchange.engine.state_hash()
    fields = {"name": "alice", "symbol": "USDC", "quantity": "1", "reason": reason}
    assert root.call("POST", "/api/v1/admin/credit", **fields).status == 400
    assert town.exchange.engine.state_hash() == before


def test_a_signed_request_of_an_administrator_is_noted_with_its_key(root, alice, log):
    key = root.make_key("admin")
    fields = {"name": "alice", "symbol": "USDC", "quantity": "1", "reason": "a gift  of\nours"}
    answer = root.signed(key, "POST", "/api/v1/admin/credit", "adminCredit", **fields)
    assert answer.status == 200
    note = next(noted(log))
    assert note.who == f"root, account 1, key {key.api_key}"
    assert note.why == "a gift of ours"


def test_a_signed_credit_is_given_once_however_often_it_arrives(root, alice):
    key = root.make_key("admin")
    fields = {"name": "alice", "symbol": "USDC", "quantity": "1", "reason": "a gift"}
    gift = ("POST", "/api/v1/admin/credit", "adminCredit")
    assert root.signed(key, *gift, **fields).status == 200
    again = root.signed(key, *gift, **fields)
    assert (again.status, again.json["code"]) == (409, "PRECONDITION_FAILED")
    assert alice.call("GET", "/api/v1/capital").json["USDC"]["available"] == "1"


def test_whoever_was_made_an_administrator_is_one_until_the_log_says_otherwise(town, root):
    account = town.exchange.directory.account_by_name["root"].number
    assert "admin" in root.call("GET", "/api/v1/auth/session").json["permissions"]
    town.run(town.people.set_password(account, PASSWORD, admin=False))
    assert root.call("GET", "/api/v1/auth/session").status == 401
    root.log_in("root")
    assert root.call("GET", "/api/v1/admin/accounts").status == 403


# notes


@pytest.mark.parametrize("text", ["", "x", "é" * 28, "x" * 56, "x" * 57, "who\nwhy " * 100])
def test_a_note_is_read_as_it_was_written(text):
    parts = note_parts(text, 3)
    assert all(len(part) == 64 for part in parts)
    records = b"".join(parts)
    assert read_note(records + bytes(64), 0) == (text, len(parts), 3)
    assert read_note(records[:-64], 0) is None
    spoilt = bytearray(records)
    spoilt[-62] ^= 1
    assert read_note(bytes(spoilt), 0) is None


def test_a_note_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="at most"):
        note_parts("x" * (56 * NOTE_PARTS_MAX + 1), 1)


def test_a_note_changes_no_state_of_any_engine(town):
    entry = pack_entry(1, 1, b"".join(note_parts("who\nwhy " * 30, 1)))
    empty = pack_entry(1, 1, bytes(64))
    for make in (NaiveEngine, FastEngine):
        hashes = []
        for data in (entry, empty):
            engine = make()
            engine.apply(data)
            hashes.append(engine.state_hash())
        assert hashes[0] == hashes[1]


def test_the_rules_are_switched_by_a_command_with_a_reason_and_never_beyond_what_is_known(
    town, log
):
    admin = Admin(town.exchange)
    asyncio.run(admin.set_rules(RULES_VERSION_MAX, Why("root", "the new release runs everywhere")))
    (note,) = noted(log)
    assert note.commands == [{"kind": "SET_RULES", "version": RULES_VERSION_MAX}]
    assert (note.who, note.why) == ("root", "the new release runs everywhere")
    for version in (0, RULES_VERSION_MAX + 1):
        with pytest.raises(Unacceptable, match="version"):
            asyncio.run(admin.set_rules(version, Why("root", "by mistake")))
    with pytest.raises(Refused, match="SETTING_INVALID"):
        asyncio.run(admin.set_rules(RULES_VERSION_MAX - 1, Why("root", "back again")))

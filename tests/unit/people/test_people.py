"""Opening accounts and changing passwords, cut off anywhere."""

import pytest
from nacl.signing import SigningKey
from venue.browser import CHEAP, PASSWORD, Town
from venue.local import LocalExchange

from truebook import commands
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable
from truebook.config import ConfigError, load
from truebook.messages import Permission
from truebook.people.people import People, Visitor
from truebook.people.sqlite import open_in

NEW = "a new one, longer"
SIGN_UP = ("POST", "/api/v1/auth/signup")
CHANGE = ("POST", "/api/v1/auth/password")


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path, accounts={"faucet": "USDC=100, SOL=1"})
    yield town
    town.close()


def test_who_signs_up_has_what_the_faucet_gives(town):
    alice = town.signed_up("alice")
    balances = alice.call("GET", "/api/v1/capital").json
    assert {asset: one["available"] for asset, one in balances.items()} == {
        "USDC": "100",
        "SOL": "1",
    }
    me = alice.call("GET", "/api/v1/auth/session").json
    assert (me["name"], me["permissions"]) == ("alice", ["read", "trade", "withdraw"])
    assert me["expiresAt"] - me["createdAt"] == 24 * 3_600_000


@pytest.mark.parametrize("failure", [LogUnavailable("full"), TimedOut("late")])
def test_a_log_that_fails_is_told_and_opens_no_session(town, failure):
    town.exchange.failure = failure
    alice = town.browser()
    answer = alice.call(*SIGN_UP, name="alice", password=PASSWORD)
    assert answer.status in (503, 504)
    assert alice.cookie is None


def test_a_password_change_that_the_log_never_took_leaves_the_old_one(town):
    alice = town.signed_up("alice")
    town.exchange.failure = LogUnavailable("full")
    assert alice.call(*CHANGE, password=PASSWORD, newPassword=NEW).status == 503
    town.exchange.failure = None
    assert town.browser().log_in("alice").status == 200
    assert alice.call(*CHANGE, password=PASSWORD, newPassword=NEW).status == 200
    assert town.browser().log_in("alice", NEW).status == 200
    assert town.browser().log_in("alice", PASSWORD).status == 401


def test_a_password_change_that_was_cut_off_behind_the_log_leaves_the_new_one(town, monkeypatch):
    alice = town.signed_up("alice")

    async def cut_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(town.people, "_forget_sessions", cut_off)
    monkeypatch.setattr("truebook.people.sqlite.SqlitePeople.keep_salt", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        alice.call(*CHANGE, password=PASSWORD, newPassword=NEW)
    monkeypatch.undo()
    assert town.browser().log_in("alice", NEW).status == 200
    assert town.browser().log_in("alice", PASSWORD).status == 401


def test_a_password_change_keeps_what_its_owner_may_do(town):
    root = town.administrator()
    assert root.call(*CHANGE, password=PASSWORD, newPassword=NEW).status == 200
    assert "admin" in root.call("GET", "/api/v1/auth/session").json["permissions"]


def test_a_password_can_be_given_to_an_account_that_had_only_keys(town):
    credentials = town.exchange.open_account("keys-only", {})
    assert town.browser().log_in("keys-only").status == 401
    town.run(town.people.set_password(credentials.account, PASSWORD, admin=None))
    assert town.browser().log_in("keys-only").status == 200


def test_the_faucet_is_looked_at_when_a_gateway_starts(tmp_path):
    town = Town(tmp_path)
    config = load(None, {}, CHEAP | {"accounts": {"faucet": "DOGE=1"}})
    with pytest.raises(ConfigError, match="faucet DOGE=1: there is no asset 'DOGE'"):
        town.run(People.start(town.exchange, config, open_in(tmp_path)))
    town.close()


def test_a_session_bears_no_more_than_its_key_does_now(town):
    """Permissions taken away in the log count at once."""
    root = town.administrator()
    account = town.exchange.directory.account_by_name["root"].number
    for public_key, key in town.exchange.directory.keys_of(account).items():
        if key.permissions:
            town.exchange.apply(
                commands.set_key(
                    account=account,
                    public_key=public_key,
                    permissions=Permission.READ,
                    expires_ms=key.expires_ms,
                )
            )
    assert root.call("GET", "/api/v1/auth/session").json["permissions"] == ["read"]
    assert root.call("GET", "/api/v1/admin/accounts").status == 403
    assert root.call("DELETE", "/api/v1/orders", symbol="SOL_USDC").status == 403


def test_a_login_over_several_gateways_needs_no_word_between_them(town):
    town.signed_up("alice")
    alice = town.browser(town.gateway())
    assert alice.log_in("alice").status == 200
    alice.application = town.application
    assert alice.call("GET", "/api/v1/auth/session").status == 200


def test_visitors_are_remembered_only_so_far(town):
    logged_in = town.run(town.people.sign_up("alice", PASSWORD, Visitor("192.0.2.1", "x" * 1_000)))
    _, row = town.run(town.people.sessions.of(logged_in.session.account))[0]
    assert len(row.agent) == 120


def test_the_directory_knows_accounts_by_name_and_keys_by_account():
    exchange = LocalExchange()
    account = exchange.open_account("alice", {}).account
    exchange.apply(commands.set_account(name="alicia", account=account))
    directory = exchange.directory
    assert "alice" not in directory.account_by_name
    assert directory.account_by_name["alicia"].number == account
    key = bytes(SigningKey.generate().verify_key)
    exchange.apply(commands.set_key(account=account, public_key=key, permissions=1))
    exchange.apply(commands.set_key(account=account, public_key=key, permissions=0))
    assert list(directory.keys_of(account))[1:] == [key]
    assert directory.keys_of(account)[key].permissions == 0
    assert directory.keys_of(99) == {}

"""A logged-in browser at the websocket: what its cookie opens, from which pages, until when."""

import base64

import pytest
from nacl.signing import SigningKey
from venue.browser import Town

from truebook.api.stream_guests import Streams
from truebook.feed.channels import updates_channel
from truebook.ws.interface import Handshake, Presence, Refused, Rejected

HOST = "exchange.test:8081"
PAGE = "http://exchange.test:8080"
PAGE_PORT = 8080
HERE = "192.0.2.1"
UPDATES = "account.orderUpdate"
BOUND = "account.cancelOnDisconnect"


class Attendance:
    def presence(self, account: int) -> Presence:
        return object()  # type: ignore[return-value]


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()


@pytest.fixture
def alice(town):
    return town.signed_up("alice")


def streams_of(town):
    return Streams(
        town.exchange.directory,
        town.clock,
        doorkeeper=town.people.doorkeeper,
        attendance=Attendance(),
        page_port=PAGE_PORT,
    )


def welcome(town, browser, origin=PAGE, host=HOST):
    """Come with the browser's cookie, from a page."""
    headers = {"Host": host, "Origin": origin, "Cookie": browser.cookie}
    named = [(n.lower().encode(), t.encode()) for n, t in headers.items() if t is not None]
    guest = streams_of(town).welcome(Handshake(HERE, named))
    arriving = guest.arriving()
    if arriving is not None:
        town.run(arriving)
    return guest


def leaves(town, guest):
    """Whether it has to leave, asked twice as the server does once a second."""

    async def look():
        return guest.reason_to_leave()

    async def wait():
        looking = guest._token and guest._token._looking
        if looking is not None:
            await looking

    town.run(look())
    town.run(wait())
    return bool(town.run(look()))


def account_of(town, name):
    return town.exchange.directory.account_by_name[name].number


def test_a_browser_that_is_logged_in_hears_its_account(town, alice):
    guest = welcome(town, alice)
    (channel,) = guest.channels_of([UPDATES], None)
    assert channel.name == updates_channel(account_of(town, "alice"))
    assert channel.is_allowed()
    (bound,) = guest.channels_of([BOUND], None)
    assert bound.presence is not None
    assert not leaves(town, guest)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "http://exchange.test",
        "http://exchange.test:3000",
        "http://exchange.test.evil.test:8080",
        "null",
        "",
    ],
)
def test_a_page_of_another_site_is_turned_away_with_a_cookie(town, alice, origin):
    with pytest.raises(Rejected) as rejected:
        welcome(town, alice, origin)
    assert rejected.value.status == 403


def test_without_our_cookie_any_page_may_have_public_streams(town, alice):
    alice.cookie = "other=1"
    guest = welcome(town, alice, "http://evil.test")
    assert guest.channels_of(["depth.SOL_USDC"], None)[0].name == "depth.SOL_USDC"
    with pytest.raises(Refused) as refused:
        guest.channels_of([UPDATES], None)
    assert refused.value.code == 4004


@pytest.mark.parametrize("host", [HOST, "exchange.test:8080", "exchange.test"])
def test_our_own_pages_are_those_of_the_host_that_was_asked(town, alice, host):
    for origin in (f"http://{host}", PAGE):
        guest = welcome(town, alice, origin, host)
        assert guest.channels_of([UPDATES], None)


def test_what_is_no_session_opens_nothing(town, alice):
    for cookie in (
        "truebook=",
        "truebook=x",
        f"truebook={'A' * 43}",
        f"{alice.cookie}; truebook=x",
    ):
        browser = town.browser()
        browser.cookie = cookie
        guest = welcome(town, browser)
        with pytest.raises(Refused):
            guest.channels_of([UPDATES], None)
        assert not leaves(town, guest), "it is a visitor like any other"


def test_a_logout_ends_the_connection(town, alice):
    guest = welcome(town, alice)
    (channel,) = guest.channels_of([UPDATES], None)
    assert alice.call("POST", "/api/v1/auth/logout").status == 200
    town.poll()
    assert leaves(town, guest)
    assert guest.reason_to_leave() == "the session has ended"
    assert channel.is_allowed(), "the log still knows the password"


def test_sessions_that_are_ended_from_elsewhere_end_their_connections(town, alice):
    guest = welcome(town, alice)
    other = town.browser()
    other.log_in("alice")
    remote = welcome(town, other)
    assert alice.call("DELETE", "/api/v1/auth/sessions", all=True).status == 200
    town.poll()
    assert leaves(town, guest)
    assert leaves(town, remote)


def test_a_changed_password_and_the_end_of_its_time_end_the_connection(town, alice):
    guest = welcome(town, alice)
    (channel,) = guest.channels_of([UPDATES], None)
    changed = alice.call(
        "POST",
        "/api/v1/auth/password",
        password="correct horse battery",
        newPassword="another horse entirely",
    )
    assert changed.status == 200
    assert not channel.is_allowed()
    assert leaves(town, guest)
    later = welcome(town, alice)
    town.clock.advance(25 * 3600)
    assert leaves(town, later)


def test_a_login_elsewhere_ends_nothing(town, alice):
    guest = welcome(town, alice)
    town.signed_up("bob")
    town.browser().log_in("alice")
    town.poll()
    assert not leaves(town, guest)


def test_a_signed_request_is_its_keys_whatever_cookie_the_connection_has(town, alice):
    key = town.signed_up("bob").make_key("read")
    now = town.clock.now_ms()
    text = f"instruction=subscribe&timestamp={now}&window=5000"
    signature = base64.b64encode(SigningKey(key.seed).sign(text.encode()).signature).decode()
    guest = welcome(town, alice)
    signed = [key.api_key, signature, str(now), "5000"]
    (channel,) = guest.channels_of([UPDATES], signed)
    assert channel.name == updates_channel(account_of(town, "bob"))
    with pytest.raises(Refused, match="TRADE"):
        guest.channels_of([BOUND], signed)
    with pytest.raises(Refused, match="TRADE"):
        guest.channels_of([UPDATES, BOUND], signed)


def test_a_key_that_trades_binds_its_orders_and_hears_nothing(town, alice):
    key = alice.make_key("trade")
    now = town.clock.now_ms()
    text = f"instruction=subscribe&timestamp={now}&window=5000"
    signature = base64.b64encode(SigningKey(key.seed).sign(text.encode()).signature).decode()
    guest = streams_of(town).welcome(Handshake(HERE, []))
    signed = [key.api_key, signature, str(now), "5000"]
    (bound,) = guest.channels_of([BOUND], signed)
    assert (bound.name, bound.is_allowed()) == ("", True)
    with pytest.raises(Refused, match="READ"):
        guest.channels_of([UPDATES], signed)
    alice.call("DELETE", "/api/v1/keys", apiKey=key.api_key)
    assert not bound.is_allowed()

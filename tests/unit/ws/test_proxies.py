"""Whose word on who asks is taken."""

import pytest

from truebook.ws.proxies import Proxies


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ("", "127.0.0.1", ["203.0.113.5"], "127.0.0.1"),
        ("10.0.0.1", "127.0.0.1", ["203.0.113.5"], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", "127.0.0.1", ["6.6.6.6, 203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", "127.0.0.1", ["6.6.6.6", "203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1,10.0.0.0/8", "127.0.0.1", ["6.6.6.6, 203.0.113.5, 10.1.1.1"], "203.0.113.5"),
        ("127.0.0.1,10.0.0.0/8", "127.0.0.1", ["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        ("127.0.0.1", "127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", ["203.0.113.5, <script>"], "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", ["203.0.113.5:4711"], "203.0.113.5"),
        ("127.0.0.1", "127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", "::ffff:127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", "/run/socket", ["2001:db8::7"], "/run/socket"),
    ],
)
def test_an_address_counts_only_if_trusted_proxies_alone_passed_it_on(
    trusted, peer, forwarded, address
):
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    assert Proxies(trusted).address(peer, [(b"host", b"here"), *headers]) == address


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        Proxies("127.0.0.1, nowhere")

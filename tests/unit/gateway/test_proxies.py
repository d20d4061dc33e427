"""Whom a gateway believes about the address of a client."""

import asyncio

import pytest

from truebook.api.serve import Door, server_of


@pytest.mark.parametrize(
    ("proxies", "peer", "believed"),
    [
        ("", "127.0.0.1", False),
        ("10.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.0/8", "10.9.9.9", True),
    ],
)
def test_only_a_named_proxy_may_say_for_whom_it_speaks(proxies, peer, believed, monkeypatch):
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["client"][0])

    config = server_of(application, Door(trusted_proxies=proxies)).config
    config.load()
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", b"203.0.113.5")],
    }
    asyncio.run(config.loaded_app(scope, None, None))
    assert seen == ["203.0.113.5" if believed else peer]

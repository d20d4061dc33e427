"""The API's listening socket, and what the supervisor says of it."""

import asyncio
import socket
import threading

import pytest

from truebook.config import ConfigError
from truebook.supervisor.listening import WS, listen, url_of


def test_port_0_is_any_free_one_and_the_address_tells_which():
    with asyncio.run(listen("127.0.0.1", 0, False)) as listener:
        port = listener.getsockname()[1]
        assert url_of("127.0.0.1", listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port)).close()


def test_all_addresses_are_reached_on_this_machine_by_loopback():
    with asyncio.run(listen("0.0.0.0", 0, False)) as listener:
        assert url_of("0.0.0.0", listener).startswith("http://127.0.0.1:")


def test_a_port_in_use_is_named_with_what_to_do():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match=r"api\.port: \d+ on 127\.0\.0\.1 is in use; .*--port"),
    ):
        asyncio.run(listen("127.0.0.1", taken.getsockname()[1], False))


def test_the_port_of_a_killed_predecessor_is_waited_for():
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    timer = threading.Timer(0.3, taken.close)
    timer.start()
    asyncio.run(listen("127.0.0.1", port, True)).close()
    timer.join()


def test_an_address_that_is_not_ours_is_named():
    with pytest.raises(ConfigError, match=r"api\.host: can't listen on 203\.0\.113\.1:8080"):
        asyncio.run(listen("203.0.113.1", 8080, False))


def test_a_host_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match=r"api\.host: can't listen on no such host"):
        asyncio.run(listen("no such host", 8080, False))


def test_the_websocket_servers_port_and_address_are_named_as_its_own():
    with asyncio.run(listen("127.0.0.1", 0, False, WS)) as listener:
        port = listener.getsockname()[1]
        assert url_of("127.0.0.1", listener, WS) == f"ws://127.0.0.1:{port}"
        with pytest.raises(
            ConfigError, match=r"ws\.port: \d+ .* choose another one with --ws-port"
        ):
            asyncio.run(listen("127.0.0.1", port, False, WS))

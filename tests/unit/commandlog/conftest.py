"""One private log server and one bus server for all tests that need a real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from truebook.commandlog.server import Server, start_bus_server, start_log_server


@pytest.fixture(scope="session")
def log_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _running(start_log_server(tmp_path_factory.mktemp("log")))


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _running(start_bus_server(tmp_path_factory.mktemp("bus")))


def _running(server: Server) -> Iterator[Server]:
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path

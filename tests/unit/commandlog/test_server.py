"""The private servers: durable, alone on their folder, and gone when their starter is gone."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from truebook.commandlog import server as server_module
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.durability import UNCHECKED, Durability
from truebook.commandlog.interface import GENESIS, LogLost, LogNotDurable, LogUnavailable
from truebook.commandlog.server import (
    SOCKET_PATH_BYTES_MAX,
    ServerFailed,
    bus_url,
    log_url,
    start_bus_server,
    start_log_server,
)
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.config import VOUCHABLE


@pytest.fixture
def started():
    """Start servers with this; they are stopped at the end."""
    servers = []

    def start(function, data):
        servers.append(function(data))
        servers[-1].wait_ready()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def append(url, *texts, **options):
    async def append_all():
        log = ValkeyLog(url, **options)
        try:
            return [await log.append(text) for text in texts]
        finally:
            await log.close()

    return asyncio.run(append_all())


def read(url):
    reader = ValkeyLogReader(url)
    try:
        return [entry.data for entry in reader.read(GENESIS, 1000, 0)]
    finally:
        reader.close()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_log_survives_an_orderly_stop_and_a_violent_one(tmp_path, started):
    server = started(start_log_server, tmp_path)
    append(server.url, b"a", b"b")
    server.stop()
    server.stop()
    assert server.poll() is not None
    server = started(start_log_server, tmp_path)
    append(server.url, b"c")
    os.kill(server.pid, signal.SIGKILL)
    while server.poll() is None:
        time.sleep(0.01)
    server = started(start_log_server, tmp_path)
    assert read(server.url) == [b"a", b"b", b"c"]
    assert server.url == log_url(tmp_path)


@pytest.mark.parametrize("cut", [1, 30, 63])
def test_a_torn_tail_costs_only_the_entry_it_tears(tmp_path, started, cut):
    server = started(start_log_server, tmp_path)
    append(server.url, b"a" * 64, b"b" * 64)
    server.stop()
    [file] = (tmp_path / "log" / "appendonlydir").glob("*.incr.aof")
    os.truncate(file, file.stat().st_size - cut)
    server = started(start_log_server, tmp_path)
    assert read(server.url) == [b"a" * 64]
    append(server.url, b"c")
    server.stop()
    server = started(start_log_server, tmp_path)
    assert read(server.url) == [b"a" * 64, b"c"]


def test_a_server_ends_with_its_starter_even_by_kill_9(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from truebook.commandlog.server import start_bus_server\n"
        "server = start_bus_server(Path(sys.argv[1])); server.wait_ready()\n"
        "print(server.pid, flush=True); time.sleep(60)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_alive(pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(pid)


def test_two_servers_never_work_on_one_folder(tmp_path, started, monkeypatch):
    monkeypatch.setattr(server_module, "LOCK_S_MAX", 0.1)
    started(start_log_server, tmp_path)
    with pytest.raises(ServerFailed, match="another server"):
        start_log_server(tmp_path)
    started(start_bus_server, tmp_path)


def test_a_long_path_gets_its_socket_in_a_private_folder(tmp_path, started):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    server = started(start_log_server, deep)
    path = parse(server.url).path
    assert len(path) <= SOCKET_PATH_BYTES_MAX
    assert os.stat(os.path.dirname(path)).st_mode & 0o077 == 0
    assert server.url == log_url(deep)
    append(server.url, b"a")
    assert read(server.url) == [b"a"]
    server.stop()
    os.rmdir(os.path.dirname(path))


@pytest.mark.parametrize("name", ["with space", "per%20cent", "quest?ion#mark", "ünï"])
def test_a_data_folder_may_have_any_name(tmp_path, started, name):
    server = started(start_log_server, tmp_path / name)
    append(server.url, b"a")
    assert read(server.url) == [b"a"]


def test_a_server_that_can_not_start_tells_what_its_log_says(tmp_path, monkeypatch):
    monkeypatch.setitem(server_module._BUS, "maxmemory-policy", "nonsense")
    server = start_bus_server(tmp_path)
    with pytest.raises(ServerFailed, match="ended while starting"):
        server.wait_ready()
    server.stop()


def configured(url, *command):
    connection = BlockingConnection(parse(url))
    connection.open()
    try:
        return connection.request(*command, seconds=5)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendfsync", "everysec"),
        ("appendonly", "no"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "volatile-lru"),
    ],
)
def test_a_log_server_that_could_lose_entries_is_refused_unless_allowed(
    tmp_path, started, name, value
):
    server = started(start_log_server, tmp_path)
    configured(server.url, "CONFIG", "SET", name, value)
    with pytest.raises(LogNotDurable, match=name):
        append(server.url, b"a")
    with pytest.raises(LogNotDurable, match=name):
        ValkeyLogReader(server.url).read(GENESIS, 1, 0)
    assert append(server.url, b"a", durability=UNCHECKED)


def test_a_log_server_that_could_not_read_its_file_again_is_refused(tmp_path, started):
    server = started(start_log_server, tmp_path)
    configured(server.url, "ACL", "SETUSER", "gate", "on", ">secret", "~*", "&*", "+@all")
    url = server.url.replace("unix://", "unix://gate:secret@")
    configured(url, "ACL", "SETUSER", "default", "off", "-@all")
    with pytest.raises(LogNotDurable, match="user default do XADD"):
        append(url, b"a")
    configured(url, "ACL", "SETUSER", "default", "+@all", "-hset")
    with pytest.raises(LogNotDurable, match="user default do HSET"):
        append(url, b"a")
    configured(url, "ACL", "SETUSER", "default", "+@all")
    assert append(url, b"a")


def test_a_log_server_that_hides_its_settings_is_refused_unless_allowed(tmp_path, started):
    server = started(start_log_server, tmp_path)
    user = ("ACL", "SETUSER", "gate", "on", ">p%ss w", "~*", "&*", "+@all", "-config")
    configured(server.url, *user)
    url = server.url.replace("unix://", "unix://gate:p%25ss%20w@")
    with pytest.raises(LogNotDurable, match="CONFIG GET"):
        append(url, b"a")
    half = Durability(vouched=frozenset({"appendfsync"}))
    with pytest.raises(LogNotDurable, match="vouched = 'appendfsync,no-appendfsync-on-rewrite'"):
        append(url, b"a", durability=half)
    whole = Durability(vouched=frozenset({"appendfsync", "no-appendfsync-on-rewrite"}))
    assert append(url, b"a", durability=whole)
    reader = ValkeyLogReader(url, durability=whole)
    assert reader.read(GENESIS, 1, 0)
    reader.close()
    configured(server.url, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(LogNotDurable, match="maxmemory-policy = allkeys-lru"):
        append(url, b"a", durability=whole._replace(vouched=frozenset(VOUCHABLE)))
    assert append(url, b"a", durability=UNCHECKED)
    wrong = server.url.replace("unix://", "unix://gate:secret@")
    with pytest.raises(LogUnavailable) as raised:
        append(wrong, b"a")
    assert "secret" not in str(raised.value)


def test_replicas_are_not_counted_by_a_server_that_can_not_tell(tmp_path, started):
    server = started(start_log_server, tmp_path)
    configured(server.url, "ACL", "SETUSER", "default", "-waitaof")
    with pytest.raises(LogNotDurable, match=r"log\.replicas needs Valkey"):
        append(server.url, b"a", durability=Durability(replicas=1))
    with pytest.raises(LogNotDurable, match=r"log\.replicas needs Valkey"):
        ValkeyLogReader(server.url, durability=Durability(replicas=1)).read(GENESIS, 1, 0)


def test_a_log_that_refuses_writes_certainly_has_not_written(tmp_path, started):
    server = started(start_log_server, tmp_path)
    append(server.url, b"a")
    configured(server.url, "CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(LogUnavailable, match="OOM"):
        append(server.url, b"b")
    assert read(server.url) == [b"a"]


def test_a_log_that_nobody_serves_is_unavailable(tmp_path):
    with pytest.raises(LogUnavailable):
        append(log_url(tmp_path), b"a")
    with pytest.raises(LogUnavailable):
        read(log_url(tmp_path))


def followed(reader, after, seconds=10.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if entries := reader.follow(after, 100):
            return [entry.data for entry in entries]
        time.sleep(0.005)
    return []


def test_a_follower_outlives_the_death_of_the_server(tmp_path, started):
    server = started(start_log_server, tmp_path)
    reader = ValkeyLogReader(server.url)
    [first] = append(server.url, b"a")
    assert followed(reader, GENESIS) == [b"a"]
    os.kill(server.pid, signal.SIGKILL)
    while server.poll() is None:
        time.sleep(0.01)
    assert reader.follow(first, 10) == []
    assert reader.follow(first, 10) == []
    server = started(start_log_server, tmp_path)
    append(server.url, b"b")
    assert followed(reader, first) == [b"b"]
    reader.close()


def test_a_log_that_lost_what_was_read_from_it_is_found_out(tmp_path, started):
    server = started(start_log_server, tmp_path)
    reader = ValkeyLogReader(server.url)
    append(server.url, b"a")
    [last] = append(server.url, b"b" * 100)
    assert len(followed(reader, GENESIS)) == 2
    server.stop()
    [file] = (tmp_path / "log" / "appendonlydir").glob("*.incr.aof")
    os.truncate(file, file.stat().st_size - 20)
    started(start_log_server, tmp_path)
    with pytest.raises(LogLost, match=str(last)):
        followed(reader, last)
    reader.close()


def test_the_bus_keeps_nothing(tmp_path, started):
    server = started(start_bus_server, tmp_path)
    configured(server.url, "SET", "a", "b")
    server.stop()
    server = started(start_bus_server, tmp_path)
    assert configured(server.url, "GET", "a") is None
    assert server.url == bus_url(tmp_path)
    assert sorted(path.name for path in (tmp_path / "bus").iterdir()) == [
        "bus.sock",
        "lock",
        "server.log",
    ]

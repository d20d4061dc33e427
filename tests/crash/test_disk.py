"""Promise 6 on disks that are full, that fail to sync, and while the log's file is rewritten.

A small file system of memory stands for the disk. For a failing fsync another one lies in a file on
it, which is longer than there is room for: writing to it goes well, syncing doesn't.
"""

import asyncio
import contextlib
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from crash.appending import Diary, all_entries
from crash.traders import ask
from faults.applied import applied_orders
from venue.credentials import body_of, signed_headers
from venue.installed import UNLIMITED, Installed, wait_until

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.server import start_log_server
from truebook.commandlog.valkey_log import ValkeyLog

WORKERS = 8
ENOUGH = 200
"""Orders acknowledged, before something happens and after it is over."""
MIB = 1 << 20


@contextlib.contextmanager
def mounted(folder: Path, *options: str):
    """A file system mounted there."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def memory(folder: Path, mib: int):
    if os.geteuid():
        pytest.skip("only root may mount a small disk")
    return mounted(folder, "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "none")


def fill(folder: Path, leave: int) -> Path:
    """Take the room on a disk but for so many bytes; remove what is returned to give it back."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - leave))
    return ballast


async def until(condition, what: str) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert condition(), what


async def trade_over(url: str, diary: Diary, harm) -> None:
    """Append orders, before, during and after what `harm` does."""
    gateway = await Gateway.start(ValkeyLog(url))
    clients = [asyncio.create_task(diary.trade(gateway)) for _ in range(WORKERS)]
    await until(lambda: len(diary.acknowledged) > ENOUGH, "orders are taken")
    await harm()
    before = len(diary.acknowledged)
    await until(lambda: len(diary.acknowledged) > before + ENOUGH, "orders are taken again")
    diary.is_over = True
    await asyncio.gather(*clients)
    await gateway.close()


def check(url: str, diary: Diary) -> None:
    """Everything acknowledged is there, once; nothing that was refused is."""
    orders = [n for numbers in applied_orders(all_entries(url)).values() for n in numbers]
    assert len(orders) == len(set(orders))
    assert set(diary.acknowledged) <= set(orders)
    assert not diary.refused & set(orders)


def ended(server) -> bool:
    return server.poll() is not None


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    with memory(tmp_path / "disk" / "log", 24) as disk:
        servers, diary = [start_log_server(tmp_path / "disk")], Diary()

        async def fill_the_disk() -> None:
            ballast = fill(disk, leave=128 << 10)
            await until(lambda: ended(servers[-1]) or diary.refused, "the disk is full")
            before = len(diary.acknowledged)
            await asyncio.sleep(0.1)
            assert len(diary.acknowledged) <= before + WORKERS, "orders are taken without room"
            ballast.unlink()
            if ended(servers[-1]):
                servers.append(await asyncio.to_thread(start_log_server, tmp_path / "disk"))
                await asyncio.to_thread(servers[-1].wait_ready)

        try:
            servers[0].wait_ready()
            asyncio.run(trade_over(servers[0].url, diary, fill_the_disk))
            check(servers[-1].url, diary)
        finally:
            for server in servers:
                server.stop()


def test_a_failing_fsync_loses_nothing_that_was_acknowledged(tmp_path):
    with memory(tmp_path / "room", 16) as room:
        image = room / "image"
        with image.open("wb") as file:
            file.truncate(64 * MIB)
        made = subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no disk can be made here: {made.stderr.strip()}")
        folder, diary, servers = tmp_path / "disk" / "log", Diary(), []
        mounts = contextlib.ExitStack()

        def start() -> None:
            mounts.enter_context(mounted(folder, "-o", "loop", str(image)))
            folder.chmod(0o700)
            servers.append(start_log_server(tmp_path / "disk"))
            servers[-1].wait_ready()

        async def fail_to_sync() -> None:
            ballast = fill(room, leave=64 << 10)
            await until(lambda: ended(servers[-1]) or diary.refused, "an fsync has failed")
            servers[-1].stop()
            ballast.unlink()
            mounts.close()
            await asyncio.to_thread(start)

        with mounts:
            start()
            try:
                asyncio.run(trade_over(servers[0].url, diary, fail_to_sync))
                check(servers[-1].url, diary)
            finally:
                for server in servers:
                    server.stop()


def test_rewriting_the_logs_file_under_load_loses_nothing(tmp_path):
    servers, diary = [start_log_server(tmp_path)], Diary()
    connection = BlockingConnection(parse(servers[0].url))

    def persistence() -> dict[str, str]:
        lines = connection.request("INFO", "persistence", seconds=10.0).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    async def rewrite_and_kill() -> None:
        connection.open()
        connection.request("BGREWRITEAOF", seconds=10.0)
        before = len(diary.acknowledged)
        await until(lambda: len(diary.acknowledged) > before + ENOUGH, "orders are taken")
        await until(lambda: persistence()["aof_rewrite_in_progress"] == "0", "it is rewritten")
        assert persistence()["aof_last_bgrewrite_status"] == "ok"
        os.kill(servers[-1].pid, 9)
        servers[-1].stop()
        servers.append(await asyncio.to_thread(start_log_server, tmp_path))
        await asyncio.to_thread(servers[-1].wait_ready)

    try:
        servers[0].wait_ready()
        asyncio.run(trade_over(servers[0].url, diary, rewrite_and_kill))
        check(servers[-1].url, diary)
    finally:
        connection.close()
        for server in servers:
            server.stop()


def place(url, account):
    """A limit order; the status of its answer, and the code."""
    fields = {"symbol": "SOL_USDC", "orderType": "Limit", "side": "Bid"}
    fields |= {"price": "99", "quantity": "1"}
    headers = signed_headers(account, "orderExecute", fields) | {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/order", body_of(fields), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.night
def test_before_a_disk_is_full_orders_are_refused_and_reads_go_on(tmp_path):
    environment = UNLIMITED | {"TRUEBOOK_LIMITS_DISK_FREE_MIB": "16"}
    with memory(tmp_path / "disk", 96) as disk:
        exchange = Installed(
            disk / "data", "--engine", "naive", "--no-bots", environment=environment
        )
        exchange.start()
        try:
            exchange.wait_ready()
            account = exchange.open_account("alice", {"USDC": "1000000"})
            assert place(exchange.url, account) == 200
            ballast = fill(disk, leave=12 * MIB)
            wait_until(lambda: place(exchange.url, account) == 503, 20, "orders are refused")
            assert len(ask(exchange.url, account, "orders", "orderQueryAll", {})) >= 1
            assert "USDC" in ask(exchange.url, account, "capital", "balanceQuery", {})
            ballast.unlink()
            wait_until(lambda: place(exchange.url, account) == 200, 20, "orders are taken again")
            assert exchange.run("log", "verify", "--json")["findings"] == []
        finally:
            exchange.interrupt()

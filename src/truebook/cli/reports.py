"""What short commands print: `ps`, `status`, `account create`; for people, or as JSON.

Promise: JSON is one value on one line, its keys camelCase; times are milliseconds since 1970.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from truebook.config import Config
from truebook.datafolder import Process
from truebook.installation import attached, running

if TYPE_CHECKING:
    from truebook.supervisor.status import Status


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(msgspec.json.encode(value).decode(), flush=True)


def print_processes(config: Config, json: bool) -> None:
    """`truebook ps`."""
    state = running(config)
    processes = [process for process in state.processes if process.pid] if state else []
    if json:
        print_json([{"role": p.role, "pid": p.pid, "started": p.started} for p in processes])
        return
    for process in processes:
        print(_line(process))


def print_status(config: Config, json: bool) -> None:
    """`truebook status`."""
    from truebook.supervisor.status import read_status

    state = running(config)
    status = asyncio.run(read_status(attached(config), state))
    if json:
        print_json(status)
        return
    # In one piece: a reader such as `head` may stop listening after a few lines.
    print("".join(f"{line}\n" for line in _status_lines(status)), end="")


def _status_lines(status: "Status") -> Iterator[str]:
    yield "healthy" if status.healthy else "not healthy"
    yield from (f"  {reason}" for reason in status.reasons)
    if status.url:
        yield f"serves   {status.url} {status.ws_url or ''}"
    yield f"log      at {status.log_position}"
    for engine in status.engines:
        halted = f", halted at {engine.halted}" if engine.halted else ""
        place = _place(engine.position, engine.lag)
        yield f"{engine.engine:8} {place}, state {engine.state_hash}{halted}"
    for role in status.roles:
        yield f"{role.role:8} {_place(role.position, role.lag)}"
    yield from map(_line, status.children)


def _place(position: str, lag: int) -> str:
    return f"at {position}" + (f", {lag} ms behind" if lag else "")


def print_created(config: Config, name: str, credits: Sequence[str], json: bool) -> None:
    """`truebook account create`."""
    from truebook.cli.loglines import log_lines
    from truebook.supervisor.accounts import create_account

    log_lines(sys.stderr)
    created = asyncio.run(create_account(attached(config), name, credits))
    if json:
        keys = {"apiKey": created.key, "apiSecret": created.secret}
        print_json({"accountId": created.account, **keys})
        return
    print(f"account     {created.account} ({name})")
    print(f"API key     {created.key}")
    print(f"API secret  {created.secret}   (kept nowhere else)")


def _line(process: Process) -> str:
    again = f", started again {process.restarts} times" if process.restarts else ""
    if not process.pid:
        return f"{process.role:8} no process{again}"
    started = datetime.fromtimestamp(process.started / 1000).strftime("%Y-%m-%d %H:%M:%S")
    serving = "" if process.serving else ", starting"
    return f"{process.role:8} process {process.pid}, since {started}{again}{serving}"

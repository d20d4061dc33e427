"""The engines of a running exchange: what they say, and which process is which. Linux only."""

import asyncio
import os
from pathlib import Path

from venue.installed import Installed

from truebook.config import Config
from truebook.installation import attached, running
from truebook.supervisor.status import Status, read_status


def status(exchange: Installed) -> Status:
    """What `truebook status` tells, without a process for it."""
    config = attached(Config(data=str(exchange.data)))
    return asyncio.run(read_status(config, running(config)))


def engine_pids(exchange: Installed) -> dict[str, int]:
    """Of each engine that runs, by name."""
    pids = [one["pid"] for one in exchange.processes() if one["role"] == "engine"]
    return {name: pid for pid in pids if (name := _engine_of(pid))}


def _engine_of(pid: int) -> str:
    """The name of the engine that a process is: it holds a file of that name open; "": it has
    just ended, or isn't as far as that."""
    try:
        held = list(Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return ""
    return next((Path(file).stem for file in map(_file_of, held) if file.endswith(".progress")), "")


def _file_of(descriptor: Path) -> str:
    """What it stands for; "": it was closed since it was listed."""
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""

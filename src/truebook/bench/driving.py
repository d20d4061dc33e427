"""Running a load generator beside an exchange, and what the exchange took meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from truebook.bench.building import built
from truebook.bench.exchange import BenchError
from truebook.bench.processes import difference


class Driven(Protocol):
    """An exchange that a generator can be let loose on."""

    @property
    def api(self) -> tuple[str, int]:
        """Host and port of the HTTP interface."""

    def cpu_ns(self) -> dict[str, int]:
        """What its processes have taken so far, by role, as far as that is known."""

    async def settled(self) -> dict[str, Any]:
        """Wait until all have caught up; what the engine tells of itself, if it can be asked."""


async def drive(
    exchange: Driven,
    program: str,
    *words: object,
    began: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """What a generator tells; under `cpuNs` what each role has taken while it ran, or since it said
    `subscribed`, which is when `began` is called. Raises BenchError."""
    before = exchange.cpu_ns()
    process = await asyncio.create_subprocess_exec(
        str(await asyncio.to_thread(built, program)),
        *map(str, words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    output = asyncio.create_task(process.stdout.read())
    complaints = []
    while line := await process.stderr.readline():
        if line == b"subscribed\n":
            before = exchange.cpu_ns()
            began()
        else:
            complaints.append(line.decode(errors="replace").strip())
    if await process.wait():
        raise BenchError(f"the load generator: {' '.join(complaints)}")
    told: dict[str, Any] = msgspec.json.decode(await output)
    told["cpuNs"] = difference(before, exchange.cpu_ns())
    return told

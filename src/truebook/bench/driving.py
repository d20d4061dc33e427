"""Running a load generator beside an exchange, and what the exchange took meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from truebook.bench.building import built
from truebook.bench.exchange import BenchError, StartedExchange
from truebook.bench.processes import difference


async def drive(
    exchange: StartedExchange,
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

"""`truebook api`: a process that speaks HTTP to traders."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import truebook
from truebook.cli.sources import of_api
from truebook.cli.standing import Standing
from truebook.commandlog.durability import durability_of
from truebook.config import Config, faucet_text
from truebook.installation import database_url, proofs_path, running
from truebook.limits import LOG_MEMORY_FACTOR

if TYPE_CHECKING:
    from truebook.plain.codec import Codec

WEB = Path(truebook.__file__).parent / "web" / "dist"
"""The built page (tools/web.py); it is in the wheel, and in a source tree once it was built."""


def codec_of(config: Config) -> "Codec | None":
    """What reads and tells plain orders, where compiled code is wanted at all."""
    if config.engine.kind != "fast":
        return None
    from truebook.plain.compiling import UNCOMPILED

    if UNCOMPILED:
        return None
    from truebook.plain.codec import Codec

    return Codec()


def run_api(config: Config, descriptor: int | None) -> None:
    """Be one API process, until SIGTERM or SIGINT; on an open socket, or one of its own."""
    standing = Standing("api", config)
    from truebook.api.app import Application
    from truebook.api.connect import connected
    from truebook.api.observing import Observer
    from truebook.api.pages import Pages, Streams
    from truebook.api.serve import Door, serve
    from truebook.api.throttle import Rates
    from truebook.cli.sockets import socket_of
    from truebook.commandlog.halts import ValkeyHaltBook
    from truebook.commandlog.valkey_attestations import ValkeyAttestations
    from truebook.people.opening import people_database
    from truebook.people.people import People
    from truebook.store.reading import open_history
    from truebook.telemetry.reports import read_reports

    config = standing.attached()
    codec = codec_of(config)
    limits = config.limits
    rates = Rates(limits.public_per_s, limits.private_per_s, limits.orders_per_s)
    door = Door(rates.shared(config.api.processes), limits.connections, config.api.trusted_proxies)

    def streams() -> Streams:
        state = running(config)
        port = urlsplit(state.ws_url).port if state is not None else None
        return Streams(config.ws.url or None, port or config.ws.port)

    pages = Pages(WEB, streams, faucet_text(config))

    @contextlib.asynccontextmanager
    async def connect() -> AsyncGenerator[Application]:
        connection = connected(
            config.log.url,
            config.bus.url,
            durability=durability_of(config.log),
            disk_free_mib=config.limits.disk_free_mib,
            memory_bytes_max=LOG_MEMORY_FACTOR * config.archive.log_bytes_max,
        )
        async with connection as exchange, open_history(database_url(config)) as history:
            attestations = ValkeyAttestations(config.bus.url)
            observer = Observer(exchange, attestations, ValkeyHaltBook(config.log.url))
            people = await People.start(exchange, config, people_database(config))
            application = Application(
                exchange,
                history,
                rates=door.rates,
                people=people,
                pages=pages,
                proofs=proofs_path(config),
                observer=observer,
                reports=partial(read_reports, config.bus.url),
                codec=codec,
            )
            standing.teller.add(of_api(application, exchange))
            beating = asyncio.create_task(standing.teller.pulse.keep())
            standing.serving()
            try:
                yield application
            finally:
                beating.cancel()
                observer.close()
                await people.close()

    bound = socket_of(descriptor, config.api.host, config.api.port, "api")
    serve(connect, bound, door)

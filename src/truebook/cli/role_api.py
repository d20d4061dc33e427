"""`truebook api`: a process that speaks HTTP to traders."""

import contextlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import truebook
from truebook.cli.loglines import log_lines
from truebook.commandlog.durability import durability_of
from truebook.config import Config, faucet_text
from truebook.installation import attached, database_url, proofs_path, running
from truebook.lifeline import Lifeline
from truebook.limits import LOG_MEMORY_FACTOR

WEB = Path(truebook.__file__).parent / "web" / "dist"
"""The built page (tools/web.py); it is in the wheel, and in a source tree once it was built."""


def run_api(config: Config, descriptor: int | None) -> None:
    """Be one API process, until SIGTERM or SIGINT; on an open socket, or one of its own."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
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

    config = attached(config)
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
            lifeline.serving()
            try:
                yield Application(
                    exchange,
                    history,
                    rates=door.rates,
                    people=people,
                    pages=pages,
                    proofs=proofs_path(config),
                    observer=observer,
                )
            finally:
                observer.close()
                await people.close()

    bound = socket_of(descriptor, config.api.host, config.api.port, "api")
    serve(connect, bound, door)

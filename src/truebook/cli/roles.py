"""The roles as processes: each runs alone with a configuration, or as a child of the supervisor.

Promise: a role says on its lifeline when it does its work, ends by itself at SIGTERM within the
time that the supervisor gives it, and at once when the supervisor is gone.
"""

import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import truebook
from truebook.cli.loglines import log_lines
from truebook.config import Config, faucet_text
from truebook.installation import (
    archive_url,
    attached,
    database_url,
    folder_of,
    proofs_path,
    running,
    snapshots_path,
)
from truebook.lifeline import Lifeline
from truebook.limits import LOG_MEMORY_FACTOR
from truebook.messages import COMMAND_BYTES

WEB = Path(truebook.__file__).parent / "web" / "dist"
"""The built page (tools/web.py); it is in the wheel, and in a source tree once it was built."""


def run_engine(config: Config, number: int) -> None:
    """Be one engine, until SIGTERM or SIGINT; then the process ends. Raises UserError."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    from truebook import node
    from truebook.cli.engines import make_engine, make_quorum, make_vigil
    from truebook.snapshots.keeping import Plan

    config = attached(config)
    folder = folder_of(config)
    folder.create()
    snapshots = config.snapshots
    # What came since the latest one stays in the log server's memory.
    records = min(snapshots.records, config.archive.log_bytes_max // 4 // COMMAND_BYTES)
    plan = Plan(records, snapshots.seconds, snapshots.keep)
    name = f"engine-{number}"
    node.run_engine(
        name,
        log_url=config.log.url,
        bus_url=config.bus.url,
        archive_url=archive_url(config),
        data=folder.run,
        snapshots=snapshots_path(config),
        plan=plan,
        make_engine=partial(make_engine, config.engine.kind, lifeline.say),
        allow_not_durable=config.log.allow_not_durable,
        caught_up=lifeline.serving,
        make_quorum=make_quorum(name, config.engine.quorum, folder.keys, config.bus.url),
        vigil=make_vigil(name, folder.keys, config.log.url, config.bus.url),
    )
    # An interpreter that has compiled the engine takes seconds to clear up, and would be killed.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


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
    from truebook.people.people import People
    from truebook.people.sqlite import open_in
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
            allow_not_durable=config.log.allow_not_durable,
            disk_free_mib=config.limits.disk_free_mib,
            memory_bytes_max=LOG_MEMORY_FACTOR * config.archive.log_bytes_max,
        )
        async with connection as exchange, open_history(database_url(config)) as history:
            attestations = ValkeyAttestations(config.bus.url)
            observer = Observer(exchange, attestations, ValkeyHaltBook(config.log.url))
            people = await People.start(exchange, config, open_in(folder_of(config).path))
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

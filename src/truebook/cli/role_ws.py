"""The websocket server as a process: the general server, given the streams of the exchange."""

import contextlib
import sys
from collections.abc import AsyncGenerator

from truebook.cli.loglines import log_lines
from truebook.commandlog.durability import durability_of
from truebook.config import Config
from truebook.installation import attached
from truebook.lifeline import Lifeline


def run_ws(config: Config, descriptor: int | None) -> None:
    """Serve streams until SIGTERM or SIGINT; on an open socket, or one of its own."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    import uuid

    from truebook.api.cancel_on_disconnect import CancelOnDisconnect
    from truebook.api.send_and_await import CommandClient
    from truebook.api.stream_guests import Streams
    from truebook.api.streams import Updates
    from truebook.api.throttle import Rates
    from truebook.asking import Asker, Horizon
    from truebook.cli.sockets import socket_of
    from truebook.clock import SYSTEM_CLOCK
    from truebook.commandlog.valkey_bus import ValkeyBus
    from truebook.commandlog.valkey_log import ValkeyLog
    from truebook.following import DirectoryFollower
    from truebook.people.doorkeeper import Doorkeeper
    from truebook.people.opening import people_database
    from truebook.ws.proxies import Proxies
    from truebook.ws.serve import Door, Served, serve

    config = attached(config)
    rates = Rates(config.limits.public_per_s, config.limits.private_per_s)

    @contextlib.asynccontextmanager
    async def connect() -> AsyncGenerator[Served]:
        bus = ValkeyBus(config.bus.url)
        log = ValkeyLog(config.log.url, durability=durability_of(config.log))
        attendance = CancelOnDisconnect(lambda: CommandClient.start(log, bus))
        try:
            asker = await Asker.start(bus, f"ws:{uuid.uuid4().hex}:answers", Horizon())
            follower = await DirectoryFollower.start(bus, asker, bus.event_tail)
            directory, database = follower.directory, people_database(config)
            doorkeeper = await Doorkeeper.start(directory, config.sessions, database)
            lifeline.serving()
            try:
                streams = Streams(
                    directory,
                    SYSTEM_CLOCK,
                    rates,
                    doorkeeper,
                    attendance=attendance,
                    page_port=config.api.port,
                )
                yield Served(bus, streams, Updates(asker))
            finally:
                await attendance.close()
                follower.close()
                await doorkeeper.close()
        finally:
            await log.close()
            await bus.close()

    bound = socket_of(descriptor, config.api.host, config.ws.port, "ws")
    door = Door(config.ws.connections_per_address, Proxies(config.api.trusted_proxies))
    serve(connect, bound, door)

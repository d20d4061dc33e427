"""A log server and its replica: which of them fails, and who takes its place."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

from venue.redis_server import RedisServer

from truebook.commandlog.server import server_binary


class Pair:
    """A primary with one replica, both with the program of `truebook up`."""

    def __init__(self, folder: Path) -> None:
        program = server_binary()
        self.servers = [
            RedisServer(folder / name, "log", program=program, can_wait=True) for name in "ab"
        ]
        self.primary, self.replica = self.servers

    def start(self) -> None:
        for server in self.servers:
            server.start()
        self.replica.follow(self.primary)

    def url(self, user: str = "administrator") -> str:
        """Of whichever is the primary."""
        first, second = self.servers
        both = f"{first.host}:{first.port},{second.host}:{second.port}"
        return first.url(user).replace(f"{first.host}:{first.port}", both)

    def pause_replica(self) -> None:
        self.replica.send(signal.SIGSTOP)

    def resume_replica(self) -> None:
        self.replica.send(signal.SIGCONT)

    def fail_over(self) -> None:
        """Kill the primary; the replica, which may be paused, takes its place."""
        self.primary.kill()
        self.resume_replica()
        self.replica.promote()
        self.primary, self.replica = self.replica, self.primary

    def repair(self) -> None:
        """The one that was killed comes back as a replica; what it alone has is gone."""
        self.replica.start()
        self.replica.follow(self.primary)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


@contextlib.contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """A primary and a replica that is up to date."""
    servers = Pair(folder)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()

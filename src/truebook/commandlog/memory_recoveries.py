"""The list of recoveries inside one process: for tests and for simulation (memory.py)."""

from truebook import commands
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import Position, Recovery
from truebook.commandlog.memory import MemoryLogServer


class MemoryRecoveryBook:
    """interface.RecoveryBook of a log in memory."""

    def __init__(self, server: MemoryLogServer) -> None:
        self._server = server

    def read(self) -> tuple[int, list[Recovery]]:
        """The token and the list."""
        self._server.check_up()
        with self._server.changed:
            return self._server.token, list(self._server.recoveries)

    def append(self, token: int, after: Position) -> bool:
        """Write a RECOVERY into log and list, if the token is this one."""
        server = self._server
        server.check_up()
        with server.changed:
            if server.token != token:
                return False
            server.gateways += 1
            at = server.append(pack_entry(server.gateways, 1, commands.recovery(after=after)))
            server.recoveries.append(Recovery(after, at))
            server.token += 1
        return True

    def fence(self) -> None:
        """Change the token."""
        self._server.check_up()
        with self._server.changed:
            self._server.token += 1

    def now_ms(self) -> int:
        """The server's clock."""
        self._server.check_up()
        return self._server.clock.now_ms()

    def close(self) -> None:
        """Nothing to give back."""

"""attestations.AttestationStream in memory, for tests and for the simulated system."""

from truebook.commandlog.memory import MemoryBusServer


class MemoryAttestations:
    """The attestations on a bus in memory."""

    def __init__(self, server: MemoryBusServer) -> None:
        self._server = server

    def add(self, message: bytes) -> None:
        """Publish one."""
        self._server.check_up()
        self._server.attestations.append(message)

    def after(self, place: str, count: int) -> list[tuple[str, bytes]]:
        """Up to `count` behind a place."""
        self._server.check_up()
        first = int(place.partition("-")[0])
        found = self._server.attestations[first : first + count]
        return [(f"{first + i + 1}-0", message) for i, message in enumerate(found)]

    def newest(self, count: int) -> list[bytes]:
        """Up to `count` of the latest, the latest first."""
        self._server.check_up()
        return self._server.attestations[: -count - 1 : -1]

    def close(self) -> None:
        """Nothing to give back."""

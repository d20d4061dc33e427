"""The socket a role serves on: handed down by the supervisor, or one of its own."""

import socket

from truebook.api.serve import listen
from truebook.config import ConfigError


def socket_of(descriptor: int | None, host: str, port: int, section: str) -> socket.socket:
    """The open socket of that descriptor; None: bind one. ConfigError names the section's port."""
    if descriptor is not None:
        return socket.socket(fileno=descriptor)
    try:
        return listen(host, port)
    except OSError as error:
        reason = f"can't listen on {host}:{port}: {error.strerror}"
        raise ConfigError(f"{section}.port: {reason}") from None

"""Where a Valkey or Redis server is: redis://, rediss:// and unix:// as redis-py reads them.

    redis://user:password@host:6379/0
    rediss://host:6380?ssl_ca_certs=/etc/ca.pem&ssl_certfile=…&ssl_keyfile=…
    unix:///run/truebook/log.sock?db=0

Promise: a certificate is checked unless the URL says `ssl_cert_reqs=none`, and no message of ours
ever shows a password.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any

from redis.connection import SSLConnection, parse_url

DEFAULT_PORT = 6379
_OPTIONS = frozenset(
    [
        *("host", "port", "path", "db", "username", "password", "connection_class"),
        *("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password"),
        *("ssl_cert_reqs", "ssl_check_hostname"),
    ]
)

Command = tuple[str | bytes | int, ...]


@dataclass(frozen=True)
class Address:
    """A server, and who we are to it."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    path: str = ""
    """Of a unix socket; empty: TCP."""
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    def handshake(self) -> list[Command]:
        """The commands that open a connection. None asks for RESP3: without HELLO it is RESP2."""
        commands: list[Command] = []
        if self.username:
            commands.append(("AUTH", self.username, self.password))
        elif self.password:
            commands.append(("AUTH", self.password))
        if self.database:
            commands.append(("SELECT", self.database))
        return commands


def parse(url: str) -> Address:
    """The address that a URL means; ValueError with the reason."""
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    if unknown := sorted(set(options) - _OPTIONS):
        raise ValueError(f"{unknown[0]!r} means nothing in a URL of the log or the bus")
    is_tls = options.get("connection_class") is SSLConnection
    return Address(
        host=options.get("host", "127.0.0.1"),
        port=options.get("port", DEFAULT_PORT),
        path=options.get("path", ""),
        database=int(options.get("db", 0)),
        username=options.get("username", ""),
        password=options.get("password", ""),
        tls=_tls_context(options) if is_tls else None,
    )


def _tls_context(options: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cafile=options.get("ssl_ca_certs"), capath=options.get("ssl_ca_path")
    )
    check = str(options.get("ssl_check_hostname", True)).lower()
    context.check_hostname = check not in ("false", "0", "no")
    required = options.get("ssl_cert_reqs", "required")
    if required == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif required != "required":
        raise ValueError(f"ssl_cert_reqs is required or none, not {required!r}")
    if certificate := options.get("ssl_certfile"):
        context.load_cert_chain(
            certificate, options.get("ssl_keyfile"), options.get("ssl_password")
        )
    return context

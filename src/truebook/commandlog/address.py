"""Where a Valkey or Redis server is: redis://, rediss:// and unix:// as redis-py reads them.

    redis://user:password@host:6379/0
    rediss://host:6380?ssl_ca_certs=/etc/ca.pem&ssl_certfile=…&ssl_keyfile=…
    redis://log-1:6379,log-2:6379     a primary and its replicas, in any order
    unix:///run/truebook/log.sock?db=0

Promise: a certificate is checked unless the URL says `ssl_cert_reqs=none`, and no message of ours
ever shows a password. Of several servers the one that is the primary is talked to, whichever that
is when a connection is opened.
"""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

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


class Place(NamedTuple):
    """Where one of several servers listens."""

    host: str
    port: int


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
    others: tuple[Place, ...] = ()
    """Where the server may be as well: the one that is the primary is meant."""

    def __str__(self) -> str:
        if self.path:
            return self.path
        places = [Place(self.host, self.port), *self.others]
        return ",".join(f"{_bracketed(host)}:{port}" for host, port in places)

    def each(self) -> Iterator["Address"]:
        """The servers one by one, in the order of the URL."""
        yield replace(self, others=())
        for host, port in self.others:
            yield replace(self, host=host, port=port, others=())

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
    """The address that a URL means. ValueError with the reason, which shows nothing of the URL but
    names of options; OSError for a certificate that can't be read."""
    first, others = _places(url)
    try:
        options: dict[str, Any] = parse_url(first)  # type: ignore[no-untyped-call]
    except ValueError:
        raise ValueError(
            "isn't the URL of a server: redis://user:password@host:port/0, rediss:// or unix://,"
            " with what is special in a password percent-encoded"
        ) from None
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
        others=others,
    )


def _places(url: str) -> tuple[str, tuple[Place, ...]]:
    """The URL with the first of its servers alone, and the others."""
    # Some versions of urlsplit refuse an IPv6 address that isn't the only one.
    netloc = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
    who, at, hosts = netloc.rpartition("@")
    first, *others = hosts.split(",")
    try:
        places = [urlsplit(f"//{other}") for other in others]
        found = [Place(place.hostname or "", place.port or DEFAULT_PORT) for place in places]
    except ValueError:
        raise ValueError("names a server that can't be: host:port, joined by commas") from None
    if not all(place.host for place in found):
        raise ValueError("names a server without a host: host:port, joined by commas")
    return url.replace(netloc, f"{who}{at}{first}", 1) if found else url, tuple(found)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _tls_context(options: dict[str, Any]) -> ssl.SSLContext:
    cafile, capath = options.get("ssl_ca_certs"), options.get("ssl_ca_path")
    context: ssl.SSLContext = _loaded(
        cafile or capath, ssl.create_default_context, cafile=cafile, capath=capath
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
        key, password = options.get("ssl_keyfile"), options.get("ssl_password")
        _loaded(certificate, context.load_cert_chain, certificate, key, password)
    return context


def _loaded(name: object, load: Any, *arguments: Any, **named: Any) -> Any:
    """What `load` makes of a certificate; OSError with the file's name if it can't be read."""
    try:
        return load(*arguments, **named)
    except OSError as error:
        raise OSError(f"the certificate {name} can't be read: {error.strerror or error}") from None

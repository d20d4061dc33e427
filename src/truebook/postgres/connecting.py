"""Connections to PostgreSQL: how they are made, and which errors are the server's moment.

Promise: no password is ever part of a message. A connection waits for nothing without a bound:
locks and statements have limits that the server keeps, and a peer that has vanished is noticed by
TCP after TCP_S.
"""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from truebook.config import ConfigError
from truebook.postgres.urls import SCHEME

CONNECT_S = 5
TCP_S = 10
"""How long a peer may acknowledge nothing."""
STREAMED_ROWS = 1000
"""Of one piece of a stream: enough that a piece costs nothing, few enough that both ends work."""

Raw = psycopg.Connection[tuple[Any, ...]]


class TablesUnfit(Exception):
    """The tables are of a later version, or whoever asks may not bring them to this one."""


AWAY = (
    TablesUnfit,
    psycopg.OperationalError,
    psycopg.InternalError,
    errors.InsufficientPrivilege,
    errors.UndefinedTable,
    errors.InvalidSchemaName,
)
"""What is raised over a server that is away, stopping, full, locked or a standby, over rights that
aren't given (yet), and over tables that somebody has taken away or that are of another version. The
rest are bugs."""


class Connection:
    """store/sql/connection.py's Connection: values stand for `?`."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> "psycopg.Cursor[Any]":
        """Run one statement; numbers come in binary, which is read faster."""
        return self.raw.execute(_translated(sql), values, binary=True)

    def stream(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """The rows that a statement finds, in the order in which they come; nothing else may be
        asked on this connection before the last one was taken."""
        cursor = self.raw.cursor()
        return cursor.stream(_translated(sql), values, binary=True, size=STREAMED_ROWS)


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def check_url(url: str) -> None:
    """Whether it can be the URL of a PostgreSQL database. Raises ConfigError."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's own words may have the password in them.
        raise ConfigError("database.url: it isn't a URL that PostgreSQL understands") from None


def connect(url: str, purpose: str, settings: Mapping[str, str], schema: str) -> Raw:
    """A connection in autocommit mode; names without a schema are of this one. Raises
    psycopg.OperationalError, ConfigError."""
    check_url(url)
    tcp = {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": TCP_S // 2,
        "keepalives_interval": TCP_S // 4,
        "keepalives_count": 2,
        "tcp_user_timeout": TCP_S * 1000,
        "application_name": f"truebook {purpose}",
    }
    wanted = {name: value for name, value in tcp.items() if name not in conninfo_to_dict(url)}
    raw: Raw = psycopg.connect(url, autocommit=True, **wanted)  # type: ignore[arg-type]
    try:
        # SQL's own functions come first, ours next, and those of an extension in `public` last.
        names = {"search_path": f"{schema}, public", **settings}
        query = b"SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[])"
        raw.execute(query + b" AS t(name, value)", (list(names), list(names.values())))
    except BaseException:
        raw.close()
        raise
    return raw


def shown(url: str) -> str:
    """A database, for messages: who, where and which, without a password."""
    known = conninfo_to_dict(url)
    user = f"{known['user']}@" if known.get("user") else ""
    port = f":{known['port']}" if known.get("port") else ""
    return f"{SCHEME}{user}{known.get('host', '')}{port}/{known.get('dbname', '')}"


def reason_of(error: Exception) -> str:
    """The first line of what the server said."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def sever(raw: Raw) -> None:
    """Cut a connection that another thread waits on: it then raises OperationalError."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(raw.fileno())) as other:
        other.shutdown(socket.SHUT_RDWR)

"""TimescaleDB, where it is: trades and fills in chunks of a day, compressed, and added up.

Promise: nothing depends on it. What the API tells comes from the kept candles and from the same
questions either way; without the extension the tables stay plain. All steps are one transaction, so
a step that the server refuses leaves plain tables.

Whether it is used follows from what the server says (`probe`), by `decide` alone. The Apache-only
build has chunks and nothing more: its licence is `apache`.
"""

from enum import Enum
from typing import NamedTuple

from truebook.postgres.connecting import Raw

DAY_MS = 86_400_000
COMPRESS_AFTER_MS = 7 * DAY_MS
"""Before that an account's own pages are asked for most."""


class Use(Enum):
    """How much of TimescaleDB there is."""

    NOTHING = "plain tables"
    CHUNKS = "chunks, without compression and continuous aggregates"
    EVERYTHING = "chunks, compression and continuous aggregates"


class Probe(NamedTuple):
    """What a server says."""

    is_available: bool
    """Its files are there."""
    is_installed: bool
    """In this database."""
    is_preloaded: bool
    """Else using it would end the connection."""
    may_install: bool
    licence: str
    """timescaledb.license; empty: not known before it is installed."""


_PROBE = b"""
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb'),
  EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'),
  coalesce(current_setting('timescaledb.license', true), ''),
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""
_PRELOADED = b"SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%'"


def probe(raw: Raw) -> Probe:
    """Ask a server."""
    row = raw.execute(_PROBE).fetchone()
    assert row is not None
    is_available, is_installed, licence, is_superuser = row
    is_preloaded = is_installed
    if is_superuser:  # nobody else may read that setting
        found = raw.execute(_PRELOADED).fetchone()
        is_preloaded = found == (True,)
    return Probe(is_available, is_installed, is_preloaded, is_superuser, licence)


def decide(found: Probe) -> tuple[Use, str]:
    """What is used, and why not more."""
    if not found.is_available:
        return Use.NOTHING, "TimescaleDB isn't there"
    if not found.is_installed and not found.may_install:
        return Use.NOTHING, "a superuser has to say CREATE EXTENSION timescaledb"
    if not found.is_preloaded:
        return Use.NOTHING, "shared_preload_libraries doesn't name timescaledb"
    if found.licence == "apache":
        return Use.CHUNKS, "this build of TimescaleDB is the Apache-only one"
    return Use.EVERYTHING, ""


INSTALL = ("CREATE EXTENSION IF NOT EXISTS timescaledb",)

CHUNKS = (
    # A unique index must contain the time.
    """
ALTER TABLE truebook.trades DROP CONSTRAINT trades_pkey, ADD PRIMARY KEY (market, id, created_at)
""",
    """
ALTER TABLE truebook.fills DROP CONSTRAINT fills_pkey,
  ADD PRIMARY KEY (user_id, account_sequence, created_at)
""",
    *(
        f"""
SELECT create_hypertable('truebook.{table}', 'created_at',
  chunk_time_interval => {DAY_MS}::bigint, create_default_indexes => false, migrate_data => true)
"""
        for table in ("trades", "fills")
    ),
    """
CREATE FUNCTION truebook.now_ms() RETURNS BIGINT LANGUAGE SQL STABLE
AS $$ SELECT (extract(epoch FROM now()) * 1000)::bigint $$
""",
    "SELECT set_integer_now_func('truebook.trades', 'truebook.now_ms')",
    "SELECT set_integer_now_func('truebook.fills', 'truebook.now_ms')",
)

_AGGREGATE = """
CREATE MATERIALIZED VIEW truebook.{name}
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT market, time_bucket({milliseconds}::bigint, {time}) AS start_ms, {values}
FROM truebook.{source} GROUP BY 1, 2 WITH NO DATA
"""
_OF_TRADES = (
    "first(price, id) AS open, max(price) AS high, min(price) AS low, last(price, id) AS close,"
    " sum(qty) AS volume, sum(price::numeric * qty) AS turnover, count(*) AS trades"
)
_OF_FINER = (
    "first(open, start_ms) AS open, max(high) AS high, min(low) AS low,"
    " last(close, start_ms) AS close, sum(volume) AS volume, sum(turnover) AS turnover,"
    " sum(trades) AS trades"
)
_POLICY = """
SELECT add_continuous_aggregate_policy('truebook.{name}', start_offset => {start}::bigint,
  end_offset => {milliseconds}::bigint, schedule_interval => INTERVAL '{every}')
"""
_STACK = (
    ("candles_1m", 60_000, "created_at", _OF_TRADES, "trades", 3_600_000, "1 minute"),
    ("candles_1h", 3_600_000, "start_ms", _OF_FINER, "candles_1m", DAY_MS, "10 minutes"),
    ("candles_1d", DAY_MS, "start_ms", _OF_FINER, "candles_1h", 7 * DAY_MS, "1 hour"),
)
"""Each is made from the one above it, and told up to the last trade: what isn't added up yet is
added when it is asked for."""

AGGREGATES = (
    *(
        _AGGREGATE.format(name=name, milliseconds=size, time=time, values=values, source=source)
        for name, size, time, values, source, _, _ in _STACK
    ),
    *(
        _POLICY.format(name=name, start=start, milliseconds=size, every=every)
        for name, size, _, _, _, start, every in _STACK
    ),
    """
ALTER TABLE truebook.trades SET (timescaledb.compress, timescaledb.compress_segmentby = 'market',
  timescaledb.compress_orderby = 'id')
""",
    """
ALTER TABLE truebook.fills SET (timescaledb.compress, timescaledb.compress_segmentby = 'user_id',
  timescaledb.compress_orderby = 'account_sequence')
""",
    f"SELECT add_compression_policy('truebook.trades', {COMPRESS_AFTER_MS}::bigint)",
    f"SELECT add_compression_policy('truebook.fills', {COMPRESS_AFTER_MS}::bigint)",
)


def retention(days: int) -> tuple[str, ...]:
    """Drop trades and fills that are older; 0: keep them for ever."""
    tables = ("trades", "fills")
    off = (f"SELECT remove_retention_policy('truebook.{t}', if_exists => true)" for t in tables)
    on = (
        f"SELECT add_retention_policy('truebook.{table}', {days * DAY_MS}::bigint)"
        for table in tables
    )
    return (*off, *on) if days else tuple(off)


def missing_steps(raw: Raw, use: Use) -> tuple[str, ...]:
    """What has yet to be done to use that much. The extension is installed."""
    query = (
        b"SELECT (SELECT count(*) FROM timescaledb_information.hypertables"
        b" WHERE hypertable_schema = 'truebook' AND hypertable_name = 'trades'),"
        b" (SELECT count(*) FROM timescaledb_information.continuous_aggregates"
        b" WHERE view_schema = 'truebook')"
    )
    row = raw.execute(query).fetchone()
    assert row is not None
    chunks = () if row[0] else CHUNKS
    return chunks if use is Use.CHUNKS or row[1] else (*chunks, *AGGREGATES)


def use_timescale(raw: Raw, keep_days: int | None = None) -> tuple[Use, str]:
    """Use what there is; what that is, and why not more. `keep_days`: see `retention`; None: as
    it was. Raises psycopg.Error; then nothing was changed."""
    use, reason = decide(probe(raw))
    if use is Use.NOTHING:
        return use, reason
    with raw.transaction():
        for statement in INSTALL:
            raw.execute(statement.encode())
        for statement in missing_steps(raw, use):
            raw.execute(statement.encode())
        if keep_days is not None and use is Use.EVERYTHING:
            for statement in retention(keep_days):
                raw.execute(statement.encode())
    return use, reason

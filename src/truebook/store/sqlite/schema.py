"""The tables, for SQLite: each version of them as the step from the one before.

Promise: a database of any earlier version is brought to the present one when it is opened for
writing, forward only, each step with its number in one transaction. What the state hash covers
(engine/fingerprint.py) is all there, so an engine can be rebuilt from it.

Numbers are as the engine has them: prices in ticks, quantities in lots, amounts in atoms, times in
milliseconds since 1970 (candles: seconds). The grids stand in `markets` and `assets`; the views
named readable_… show decimals. Columns of the third seed have its names.

How rows are kept, and why:

* `orders` by id. An engine only refuses an id that rests, so another gateway's mistake may use one
  twice: the account and its sequence make the key unique. Side, type, status and created_at are
  computed when they are read: they cost nothing to write.
* `fills` by account and account sequence: an account's history is one range. There is no index by
  order: an order's fills lie between its accepted_sequence and its closed_sequence.
* `trades` and `candles` by market and number or start: what is read together stands together.
"""

_DECIMAL = (
    "CASE {e} WHEN 0 THEN printf('%d', {v}) ELSE printf('%s%d.%0*d', iif({v} < 0, '-', ''),"
    " abs({v}) / {p}, {e}, abs({v}) % {p}) END"
)


def _decimal(value: str, exponent: str) -> str:
    """An expression: a whole number, divided by ten to the exponent, as exact decimal text."""
    power = f"CAST(CAST('1e' || {exponent} AS REAL) AS INTEGER)"
    return _DECIMAL.format(v=f"({value})", e=exponent, p=power)


def _time(value: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%f', {value} / 1000.0, 'unixepoch')"


def _price(value: str) -> str:
    return _decimal(f"{value} * m.tick_mantissa", "m.tick_exponent")


def _lots(value: str) -> str:
    return _decimal(f"{value} * m.step_mantissa", "m.step_exponent")


ORDERS = """
CREATE TABLE orders (
  id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  accepted_sequence INTEGER NOT NULL,
  market INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  client_id INTEGER NOT NULL,
  price INTEGER NOT NULL,
  original_qty INTEGER NOT NULL,
  remaining_qty INTEGER NOT NULL,
  executed_qty INTEGER NOT NULL,
  executed_quote INTEGER NOT NULL,
  priority INTEGER,
  placed_sequence INTEGER NOT NULL,
  closed_sequence INTEGER,
  closed_at INTEGER,
  close_reason INTEGER,
  seq INTEGER NOT NULL,
  time_flags INTEGER NOT NULL,
  side TEXT AS (CASE time_flags & 1 WHEN 0 THEN 'buy' ELSE 'sell' END),
  type TEXT AS (CASE time_flags >> 5 & 3 WHEN 0 THEN 'limit' ELSE 'market' END),
  quote_qty INTEGER AS (CASE time_flags >> 5 & 3 WHEN 2 THEN original_qty END),
  status TEXT AS (CASE
    WHEN close_reason = 1 THEN 'CANCELLED' WHEN close_reason > 1 THEN 'EXPIRED'
    WHEN close_reason = 0 OR remaining_qty = 0 THEN 'FILLED'
    WHEN executed_qty > 0 THEN 'PARTIAL' ELSE 'OPEN' END),
  created_at INTEGER AS (time_flags >> 16),
  PRIMARY KEY (id, user_id, accepted_sequence)
) STRICT, WITHOUT ROWID
"""

TABLES = (
    ORDERS,
    "CREATE INDEX orders_of_account ON orders (user_id, accepted_sequence, market)",
    """
CREATE INDEX orders_closed ON orders (user_id, closed_sequence) WHERE close_reason IS NOT NULL
""",
    """
CREATE TABLE trades (
  market INTEGER NOT NULL,
  id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  buy_order_id INTEGER NOT NULL,
  sell_order_id INTEGER NOT NULL,
  price INTEGER NOT NULL,
  qty INTEGER NOT NULL,
  taker_side INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (market, id)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE fills (
  user_id INTEGER NOT NULL,
  account_sequence INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  market INTEGER NOT NULL,
  side INTEGER NOT NULL,
  is_maker INTEGER NOT NULL,
  price INTEGER NOT NULL,
  qty INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  fee_asset INTEGER NOT NULL,
  trade_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, account_sequence)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE amendments (
  user_id INTEGER NOT NULL,
  account_sequence INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  market INTEGER NOT NULL,
  reenters INTEGER NOT NULL,
  price INTEGER NOT NULL,
  original_qty INTEGER NOT NULL,
  remaining_qty INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  price_before INTEGER NOT NULL,
  original_qty_before INTEGER NOT NULL,
  PRIMARY KEY (user_id, account_sequence)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE transfers (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE balances (
  user_id INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  available INTEGER NOT NULL,
  locked INTEGER NOT NULL,
  PRIMARY KEY (user_id, asset)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE candles (
  market INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  start INTEGER NOT NULL,
  open INTEGER NOT NULL,
  high INTEGER NOT NULL,
  low INTEGER NOT NULL,
  close INTEGER NOT NULL,
  volume INTEGER NOT NULL,
  turnover INTEGER NOT NULL,
  trades INTEGER NOT NULL,
  PRIMARY KEY (market, seconds, start)
) STRICT, WITHOUT ROWID
""",
)

SETTINGS = (
    """
CREATE TABLE assets (
  asset INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  display_name BLOB NOT NULL,
  decimals INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE markets (
  market INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  state INTEGER NOT NULL,
  base INTEGER NOT NULL,
  quote INTEGER NOT NULL,
  tick_mantissa INTEGER NOT NULL,
  tick_exponent INTEGER NOT NULL,
  step_mantissa INTEGER NOT NULL,
  step_exponent INTEGER NOT NULL,
  price_min INTEGER NOT NULL,
  price_max INTEGER NOT NULL,
  quantity_min INTEGER NOT NULL,
  quantity_max INTEGER NOT NULL,
  price_reference INTEGER NOT NULL,
  open_orders_max INTEGER NOT NULL,
  band_max_bp INTEGER NOT NULL,
  band_min_bp INTEGER NOT NULL,
  impact_max_bp INTEGER NOT NULL,
  impact_min_bp INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  lot_atoms INTEGER NOT NULL,
  market_sequence INTEGER NOT NULL DEFAULT 0,
  last_trade_id INTEGER NOT NULL DEFAULT 0,
  last_price INTEGER NOT NULL DEFAULT 0
) STRICT
""",
    """
CREATE TABLE tiers (
  tier INTEGER PRIMARY KEY,
  maker_bp INTEGER NOT NULL,
  taker_bp INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE accounts (
  user_id INTEGER PRIMARY KEY,
  name BLOB NOT NULL,
  tier INTEGER NOT NULL,
  open_orders_max INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  account_sequence INTEGER NOT NULL DEFAULT 0
) STRICT
""",
    "INSERT INTO accounts VALUES (0, CAST('venue' AS BLOB), 0, 0, 0, 0)",
    """
CREATE TABLE keys (
  number INTEGER PRIMARY KEY,
  public_key BLOB NOT NULL UNIQUE,
  user_id INTEGER NOT NULL,
  permissions INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE gateways (
  gateway INTEGER PRIMARY KEY,
  last_sequence INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE progress (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position TEXT NOT NULL,
  event_hash BLOB NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT
""",
)

VIEWS = (
    f"""
CREATE VIEW readable_orders AS SELECT o.id, o.user_id, o.symbol, o.side, o.type,
  {_price("o.price")} AS price,
  CASE WHEN o.quote_qty IS NULL THEN {_lots("o.original_qty")} END AS original_qty,
  CASE WHEN o.quote_qty IS NOT NULL THEN {_decimal("o.quote_qty", "q.decimals")} END AS quote_qty,
  {_lots("o.executed_qty")} AS executed_qty,
  {_decimal("o.executed_quote", "q.decimals")} AS executed_quote,
  o.status, {_time("o.created_at")} AS created_at
FROM orders o JOIN markets m USING (market) JOIN assets q ON q.asset = m.quote
""",
    f"""
CREATE VIEW readable_trades AS SELECT t.symbol, t.id, {_price("t.price")} AS price,
  {_lots("t.qty")} AS qty, iif(t.taker_side = 0, 'buy', 'sell') AS taker_side,
  t.buy_order_id, t.sell_order_id, {_time("t.created_at")} AS created_at
FROM trades t JOIN markets m USING (market)
""",
    f"""
CREATE VIEW readable_fills AS SELECT f.user_id, f.account_sequence, f.order_id, m.symbol,
  iif(f.side = 0, 'buy', 'sell') AS side, {_price("f.price")} AS price,
  {_lots("f.qty")} AS qty, {_decimal("f.fee", "a.decimals")} AS fee, a.symbol AS fee_asset,
  f.is_maker, f.trade_id, {_time("f.created_at")} AS created_at
FROM fills f JOIN markets m USING (market) JOIN assets a ON a.asset = f.fee_asset
""",
    f"""
CREATE VIEW readable_balances AS SELECT b.user_id, CAST(u.name AS TEXT) AS name, a.symbol,
  {_decimal("b.available", "a.decimals")} AS available,
  {_decimal("b.locked", "a.decimals")} AS locked
FROM balances b JOIN assets a USING (asset) JOIN accounts u USING (user_id)
""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*TABLES, *SETTINGS, *VIEWS),)
"""The statements that lead from each version to the next; an empty database has version 0."""

SCHEMA_VERSION = len(MIGRATIONS)

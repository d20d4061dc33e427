"""The tables of version 1, as databases were made until the rules had a version 2."""

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

FIRST = (*TABLES, *SETTINGS)
"""The statements that make an empty database one of version 1; what it shows readably stands in
views.py, which every version makes anew."""

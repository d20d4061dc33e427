"""The tables of version 1: what SQLite has in its version 2, where each number has the same name.

Numbers that the engine counts in (ticks, lots, atoms, sequences, milliseconds) are BIGINT; numbers
of assets, markets, codes and flags INTEGER.
"""

ORDERS = """
CREATE TABLE truebook.order_rows (
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  accepted_sequence BIGINT NOT NULL,
  market INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  client_id BIGINT NOT NULL,
  price BIGINT NOT NULL,
  original_qty BIGINT NOT NULL,
  remaining_qty BIGINT NOT NULL,
  executed_qty BIGINT NOT NULL,
  executed_quote BIGINT NOT NULL,
  priority BIGINT,
  placed_sequence BIGINT NOT NULL,
  closed_sequence BIGINT,
  closed_at BIGINT,
  close_reason INTEGER,
  seq BIGINT NOT NULL,
  time_flags BIGINT NOT NULL,
  trigger_price BIGINT,
  trigger_limit BIGINT,
  trigger_qty BIGINT,
  trigger_flags BIGINT,
  fired_sequence BIGINT,
  fired_at BIGINT,
  fail_code INTEGER,
  PRIMARY KEY (id, user_id, accepted_sequence)
) WITH (fillfactor = 85)
"""
"""An order is changed by each of its fills: with room on its page no index is touched."""

TABLES = (
    ORDERS,
    "CREATE INDEX orders_of_account ON truebook.order_rows (user_id, accepted_sequence, market)",
    """
CREATE INDEX orders_closed ON truebook.order_rows (user_id, closed_sequence)
WHERE close_reason IS NOT NULL
""",
    """
CREATE INDEX orders_fired ON truebook.order_rows (user_id, fired_sequence)
WHERE fired_sequence IS NOT NULL
""",
    """
CREATE TABLE truebook.trades (
  market INTEGER NOT NULL,
  id BIGINT NOT NULL,
  symbol TEXT NOT NULL,
  buy_order_id BIGINT NOT NULL,
  sell_order_id BIGINT NOT NULL,
  price BIGINT NOT NULL,
  qty BIGINT NOT NULL,
  taker_side INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (market, id)
)
""",
    """
CREATE TABLE truebook.fills (
  user_id BIGINT NOT NULL,
  account_sequence BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  market INTEGER NOT NULL,
  side INTEGER NOT NULL,
  is_maker INTEGER NOT NULL,
  price BIGINT NOT NULL,
  qty BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  fee_asset INTEGER NOT NULL,
  trade_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, account_sequence)
)
""",
    """
CREATE TABLE truebook.amendments (
  user_id BIGINT NOT NULL,
  account_sequence BIGINT NOT NULL,
  order_id BIGINT NOT NULL,
  market INTEGER NOT NULL,
  reenters INTEGER NOT NULL,
  price BIGINT NOT NULL,
  original_qty BIGINT NOT NULL,
  remaining_qty BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  price_before BIGINT NOT NULL,
  original_qty_before BIGINT NOT NULL,
  PRIMARY KEY (user_id, account_sequence)
)
""",
    """
CREATE TABLE truebook.candles (
  market INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  start BIGINT NOT NULL,
  open BIGINT NOT NULL,
  high BIGINT NOT NULL,
  low BIGINT NOT NULL,
  close BIGINT NOT NULL,
  volume BIGINT NOT NULL,
  turnover BIGINT NOT NULL,
  trades BIGINT NOT NULL,
  PRIMARY KEY (market, seconds, start)
) WITH (fillfactor = 85)
""",
)

MONEY = (
    """
CREATE TABLE truebook.notes (
  id BIGINT PRIMARY KEY,
  created_at BIGINT NOT NULL,
  text TEXT NOT NULL
)
""",
    """
CREATE TABLE truebook.noted (
  note BIGINT NOT NULL,
  kind INTEGER NOT NULL,
  subject BIGINT NOT NULL
)
""",
    "CREATE INDEX noted_about ON truebook.noted (kind, subject)",
    """
CREATE TABLE truebook.transfers (
  id BIGINT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  asset INTEGER NOT NULL,
  amount BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  reference BYTEA,
  note BIGINT
)
""",
    "CREATE INDEX transfers_of_account ON truebook.transfers (user_id, id)",
    """
CREATE UNIQUE INDEX transfers_once ON truebook.transfers (reference) WHERE reference IS NOT NULL
""",
    """
CREATE TABLE truebook.withdrawals (
  number BIGINT PRIMARY KEY,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  asset INTEGER NOT NULL,
  amount BIGINT NOT NULL,
  state INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  settled_at BIGINT,
  note BIGINT,
  settled_note BIGINT
)
""",
    "CREATE INDEX withdrawals_of_account ON truebook.withdrawals (user_id, number)",
    "CREATE UNIQUE INDEX withdrawals_pending ON truebook.withdrawals (id) WHERE state = 0",
    """
CREATE TABLE truebook.balances (
  user_id BIGINT NOT NULL,
  asset INTEGER NOT NULL,
  available BIGINT NOT NULL,
  locked BIGINT NOT NULL,
  PRIMARY KEY (user_id, asset)
) WITH (fillfactor = 70)
""",
    """
CREATE FUNCTION truebook.client_id_of(note TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN note::json ->> 'clientId';
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN NULL;
END $$
""",
)

SETTINGS = (
    """
CREATE TABLE truebook.assets (
  asset INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  display_name BYTEA NOT NULL,
  decimals INTEGER NOT NULL
)
""",
    """
CREATE TABLE truebook.markets (
  market INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  state INTEGER NOT NULL,
  base INTEGER NOT NULL,
  quote INTEGER NOT NULL,
  tick_mantissa BIGINT NOT NULL,
  tick_exponent INTEGER NOT NULL,
  step_mantissa BIGINT NOT NULL,
  step_exponent INTEGER NOT NULL,
  price_min BIGINT NOT NULL,
  price_max BIGINT NOT NULL,
  quantity_min BIGINT NOT NULL,
  quantity_max BIGINT NOT NULL,
  price_reference BIGINT NOT NULL,
  open_orders_max BIGINT NOT NULL,
  band_max_bp INTEGER NOT NULL,
  band_min_bp INTEGER NOT NULL,
  impact_max_bp INTEGER NOT NULL,
  impact_min_bp INTEGER NOT NULL,
  unit BIGINT NOT NULL,
  lot_atoms BIGINT NOT NULL,
  market_sequence BIGINT NOT NULL DEFAULT 0,
  last_trade_id BIGINT NOT NULL DEFAULT 0,
  last_price BIGINT NOT NULL DEFAULT 0
)
""",
    """
CREATE TABLE truebook.tiers (
  tier INTEGER PRIMARY KEY,
  maker_bp INTEGER NOT NULL,
  taker_bp INTEGER NOT NULL
)
""",
    """
CREATE TABLE truebook.accounts (
  user_id BIGINT PRIMARY KEY,
  name BYTEA NOT NULL,
  tier INTEGER NOT NULL,
  open_orders_max BIGINT NOT NULL,
  flags INTEGER NOT NULL,
  account_sequence BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70)
""",
    "INSERT INTO truebook.accounts VALUES (0, 'venue', 0, 0, 0, 0)",
    """
CREATE TABLE truebook.keys (
  number BIGINT PRIMARY KEY,
  public_key BYTEA NOT NULL UNIQUE,
  user_id BIGINT NOT NULL,
  permissions BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
)
""",
    """
CREATE TABLE truebook.timers (
  user_id BIGINT NOT NULL,
  timer INTEGER NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, timer)
)
""",
    """
CREATE TABLE truebook.attesters (
  slot INTEGER PRIMARY KEY,
  public_key BYTEA NOT NULL,
  name BYTEA NOT NULL,
  trusted INTEGER NOT NULL
)
""",
    """
CREATE TABLE truebook.gateways (
  gateway BIGINT PRIMARY KEY,
  last_sequence BIGINT NOT NULL
) WITH (fillfactor = 70)
""",
    """
CREATE TABLE truebook.rules (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
)
""",
    "INSERT INTO truebook.rules VALUES (1, 1)",
    """
CREATE TABLE truebook.progress (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position TEXT NOT NULL,
  event_hash BYTEA NOT NULL,
  time_ms BIGINT NOT NULL
) WITH (fillfactor = 70)
""",
)

STEPS = (*TABLES, *MONEY, *SETTINGS)

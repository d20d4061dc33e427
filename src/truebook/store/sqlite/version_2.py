"""What version 2 of the rules brought: triggers, withdrawals, timers, notes, attesters.

An order that has a trigger is one row like any other. `trigger_…` is how it was placed; as long as
it is pending the columns of the order say the same; when it fires they become the placed order's.
"""

COLUMNS = (
    "id, user_id, accepted_sequence, market, symbol, client_id, price, original_qty,"
    " remaining_qty, executed_qty, executed_quote, priority, placed_sequence, closed_sequence,"
    " closed_at, close_reason, seq, time_flags"
)
"""What `orders` had before."""

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
  trigger_price INTEGER,
  trigger_limit INTEGER,
  trigger_qty INTEGER,
  trigger_flags INTEGER,
  fired_sequence INTEGER,
  fired_at INTEGER,
  fail_code INTEGER,
  side TEXT AS (CASE time_flags & 1 WHEN 0 THEN 'buy' ELSE 'sell' END),
  type TEXT AS (CASE time_flags >> 5 & 3 WHEN 0 THEN 'limit' ELSE 'market' END),
  quote_qty INTEGER AS (CASE time_flags >> 5 & 3 WHEN 2 THEN original_qty END),
  status TEXT AS (CASE
    WHEN fail_code IS NOT NULL THEN 'TRIGGER_FAILED'
    WHEN close_reason = 1 THEN 'CANCELLED' WHEN close_reason > 1 THEN 'EXPIRED'
    WHEN trigger_price IS NOT NULL AND fired_sequence IS NULL THEN 'TRIGGER_PENDING'
    WHEN close_reason = 0 OR remaining_qty = 0 THEN 'FILLED'
    WHEN executed_qty > 0 THEN 'PARTIAL' ELSE 'OPEN' END),
  created_at INTEGER AS (time_flags >> 16),
  PRIMARY KEY (id, user_id, accepted_sequence)
) STRICT, WITHOUT ROWID
"""

STEPS = (
    "DROP INDEX orders_of_account",
    "DROP INDEX orders_closed",
    "ALTER TABLE orders RENAME TO orders_before",
    ORDERS,
    f"INSERT INTO orders ({COLUMNS}) SELECT {COLUMNS} FROM orders_before",
    "DROP TABLE orders_before",
    "CREATE INDEX orders_of_account ON orders (user_id, accepted_sequence, market)",
    """
CREATE INDEX orders_closed ON orders (user_id, closed_sequence) WHERE close_reason IS NOT NULL
""",
    """
CREATE INDEX orders_fired ON orders (user_id, fired_sequence) WHERE fired_sequence IS NOT NULL
""",
    """
CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  created_at INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT
""",
    """
CREATE TABLE noted (
  note INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  subject INTEGER NOT NULL
) STRICT
""",
    "CREATE INDEX noted_about ON noted (kind, subject)",
    "ALTER TABLE transfers ADD COLUMN reference BLOB",
    "ALTER TABLE transfers ADD COLUMN note INTEGER",
    "CREATE INDEX transfers_of_account ON transfers (user_id, id)",
    "CREATE UNIQUE INDEX transfers_once ON transfers (reference) WHERE reference IS NOT NULL",
    """
CREATE TABLE withdrawals (
  number INTEGER PRIMARY KEY,
  id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  state INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  note INTEGER,
  settled_note INTEGER
) STRICT
""",
    "CREATE INDEX withdrawals_of_account ON withdrawals (user_id, number)",
    "CREATE UNIQUE INDEX withdrawals_pending ON withdrawals (id) WHERE state = 0",
    """
CREATE TABLE timers (
  user_id INTEGER NOT NULL,
  timer INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, timer)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE attesters (
  slot INTEGER PRIMARY KEY,
  public_key BLOB NOT NULL,
  name BLOB NOT NULL,
  trusted INTEGER NOT NULL
) STRICT
""",
    """
CREATE TABLE rules (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT
""",
    "INSERT INTO rules VALUES (1, 1)",
)

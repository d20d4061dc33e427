"""The views named readable_…: decimals and dates instead of ticks, lots, atoms and milliseconds.

They hold nothing, so a step to another version drops them first and makes them anew at its end.
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


VIEWS = (
    f"""
CREATE VIEW readable_orders AS SELECT o.id, o.user_id, o.symbol, o.side, o.type,
  CASE WHEN o.limit_price IS NOT NULL THEN {_price("o.limit_price")} END AS price,
  CASE WHEN o.quote_qty IS NULL AND o.percent IS NULL THEN {_lots("o.original_qty")} END
    AS original_qty,
  CASE WHEN o.quote_qty IS NOT NULL THEN {_decimal("o.quote_qty", "q.decimals")} END AS quote_qty,
  {_lots("o.executed_qty")} AS executed_qty,
  {_decimal("o.executed_quote", "q.decimals")} AS executed_quote,
  CASE WHEN o.trigger_price IS NOT NULL THEN {_price("o.trigger_price")} END AS trigger_price,
  o.status, {_time("o.created_at")} AS created_at
FROM (SELECT *, iif(status = 'TRIGGER_PENDING' AND type = 'market', NULL, price) AS limit_price,
    iif(time_flags & 8192, original_qty, NULL) AS percent FROM orders) o
  JOIN markets m USING (market) JOIN assets q ON q.asset = m.quote
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

DROPS = tuple(
    f"DROP VIEW IF EXISTS readable_{name}" for name in ("orders", "trades", "fills", "balances")
)

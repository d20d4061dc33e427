"""Writing what is set, and the sequences that count: the last value of each."""

from collections.abc import Iterable, Sequence

from truebook.postgres.connecting import Raw
from truebook.store.columns import columns_of
from truebook.store.postgres.bulk import Step, changing
from truebook.store.postgres.money import last_of
from truebook.store.rows import Rows, Switch

_ASSET = b"""
INSERT INTO assets VALUES (%s, %s, %s, %s) ON CONFLICT (asset) DO UPDATE SET
  symbol = excluded.symbol, display_name = excluded.display_name, decimals = excluded.decimals
"""
_MARKET = f"""
INSERT INTO markets VALUES ({", ".join(["%s"] * 21)}, 0, 0, 0) ON CONFLICT (market) DO UPDATE SET
  state = excluded.state, price_min = excluded.price_min, price_max = excluded.price_max,
  quantity_min = excluded.quantity_min, quantity_max = excluded.quantity_max,
  price_reference = excluded.price_reference, open_orders_max = excluded.open_orders_max,
  band_max_bp = excluded.band_max_bp, band_min_bp = excluded.band_min_bp,
  impact_max_bp = excluded.impact_max_bp, impact_min_bp = excluded.impact_min_bp
""".encode()
_TIER = """
INSERT INTO tiers SELECT * FROM {rows} ON CONFLICT (tier)
DO UPDATE SET maker_bp = excluded.maker_bp, taker_bp = excluded.taker_bp
"""
_ACCOUNT = b"""
INSERT INTO accounts VALUES (%s, %s, %s, %s, %s, 0) ON CONFLICT (user_id) DO UPDATE SET
  name = excluded.name, tier = excluded.tier, open_orders_max = excluded.open_orders_max,
  flags = excluded.flags
"""
_KEY = b"""
INSERT INTO keys VALUES (%s, %s, %s, %s, %s) ON CONFLICT (public_key)
DO UPDATE SET permissions = excluded.permissions, expires_at = excluded.expires_at
"""
_ATTESTER = b"""
INSERT INTO attesters VALUES (%s, %s, %s, %s) ON CONFLICT (slot) DO UPDATE SET
  public_key = excluded.public_key, name = excluded.name, trusted = excluded.trusted
"""
_TIMER = """
INSERT INTO timers SELECT * FROM {rows} ON CONFLICT (user_id, timer)
DO UPDATE SET expires_at = excluded.expires_at
"""
_TIMER_OFF = """
DELETE FROM timers t USING {rows} WHERE t.user_id = new.user_id AND t.timer = new.timer
"""
_GATEWAY = """
INSERT INTO gateways SELECT * FROM {rows} ON CONFLICT (gateway)
DO UPDATE SET last_sequence = excluded.last_sequence
"""
_MARKET_SEQUENCE = """
UPDATE markets m SET market_sequence = new.sequence FROM {rows} WHERE m.market = new.market
"""
_LAST_TRADE = """
UPDATE markets m SET last_trade_id = new.trade, last_price = new.price
FROM {rows} WHERE m.market = new.market
"""
_ACCOUNT_SEQUENCE = """
UPDATE accounts a SET account_sequence = new.sequence FROM {rows} WHERE a.user_id = new.user_id
"""
_SWITCH = (
    b"""
DELETE FROM tiers WHERE maker_bp = 0 AND taker_bp = 0 AND tier NOT IN (SELECT tier FROM accounts)
""",
    b"INSERT INTO tiers SELECT DISTINCT tier, 0, 0 FROM accounts ON CONFLICT DO NOTHING",
    b"INSERT INTO tiers VALUES (0, 0, 0) ON CONFLICT DO NOTHING",
)
"""From version 2 of the rules on a tier is in the state once it is set: here, once it has a row."""


def write_settings(raw: Raw, rows: Rows) -> None:
    """Write the settings of a batch, and timers."""
    for asset in rows.assets.values():
        raw.execute(_ASSET, asset)
    for market in rows.markets.values():
        raw.execute(_MARKET, market)
    if rows.switch is not None:
        _write_switch(raw, rows.switch)
    _change(raw, _TIER, "tier, maker_bp, taker_bp", rows.tiers.values())
    raw.cursor().executemany(_ACCOUNT, list(rows.accounts.values()))
    _write_keys(raw, rows)
    for attester in rows.attesters.values():
        raw.execute(_ATTESTER, attester)
    _write_timers(raw, rows)
    _change(raw, _GATEWAY, "gateway, last_sequence", rows.gateways.items())


def sequences(rows: Rows) -> list[Step]:
    """What brings markets and accounts to their last numbers, once they are there."""
    last = [(market, *trade) for market, trade in rows.last_trades.items()]
    markets, accounts = rows.market_sequences.items(), rows.account_sequences.items()
    return [
        changing(_MARKET_SEQUENCE, "market, sequence", columns_of(markets, 2)),
        changing(_LAST_TRADE, "market, trade, price", columns_of(last, 3)),
        changing(_ACCOUNT_SEQUENCE, "user_id, sequence", columns_of(accounts, 2)),
    ]


def _change(raw: Raw, statement: str, columns: str, rows: Iterable[Sequence[int | None]]) -> None:
    changing(statement, columns, columns_of(rows, columns.count(",") + 1))(raw)


def _write_keys(raw: Raw, rows: Rows) -> None:
    """A key that is new has the next number: the order of registration is part of the state."""
    if not rows.keys:
        return
    query = b"SELECT public_key FROM keys WHERE public_key = ANY(%s)"
    known = {bytes(key) for (key,) in raw.execute(query, (list(rows.keys),))}
    last = last_of(raw, "keys", "number")
    numbered = []
    for public_key, row in rows.keys.items():
        if public_key not in known:
            last += 1
        # The number of one that is known is proposed and not used.
        numbered.append((last if public_key not in known else 0, *row))
    raw.cursor().executemany(_KEY, numbered)


def _write_switch(raw: Raw, switch: Switch) -> None:
    """Rules of another version: what they change about what is known already."""
    row = raw.execute("SELECT version FROM rules").fetchone()
    _change(raw, _TIER, "tier, maker_bp, taker_bp", switch.tiers)
    raw.cursor().executemany(_ACCOUNT, switch.accounts)
    if row == (1,):
        for statement in _SWITCH:
            raw.execute(statement)
    raw.execute("UPDATE rules SET version = %s", (switch.version,))


def _write_timers(raw: Raw, rows: Rows) -> None:
    set_on = [(*key, expires_ms) for key, expires_ms in rows.timers.items() if expires_ms]
    _change(raw, _TIMER, "user_id, timer, expires_at", set_on)
    set_off = [key for key, expires_ms in rows.timers.items() if not expires_ms]
    _change(raw, _TIMER_OFF, "user_id, timer", set_off)

"""The event stream as SQL: orders, trades, fills, candles, balances and settings, exactly once."""

"""Events → what people read: depth, trades, candles, tickers, private updates; and who tells it."""

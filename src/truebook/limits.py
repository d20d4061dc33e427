"""Every limit that is not a setting in the log, with its reason.

What the engine enforces for one venue (caps on open orders, filters, bands, fees) is a setting and
travels in the log. What stands here bounds memory, arithmetic and sockets, and is the same for all.
"""

# --- arithmetic: nothing leaves int64 ---------------------------------------------------------

AMOUNT_MAX = 1 << 62
"""Supply of an asset, a quantity in atoms: two of them still add up inside int64."""

NOTIONAL_MAX = 1 << 60
"""Price × quantity of one order, in quote atoms. What it executes as a taker is bounded by the
supply, what it executes as a maker by this: the sum stays inside int64."""

PRICE_TICKS_MAX = 1 << 46
"""Times a multiplier of 16 bits it still fits in 62 bits, which is how bands are computed."""

BASIS_POINTS = 10_000

DECIMALS_MAX = 18
"""Ten to the 18th is the largest power of ten that, with a factor of four, fits in 62 bits."""

# --- the engine's pools: address space is reserved, memory comes page by page as it is used ----

ACCOUNTS_MAX = 1 << 22
ASSETS_MAX = 256
MARKETS_MAX = 1024
TIERS_MAX = 64
KEYS_MAX = 1 << 22
GATEWAYS_MAX = 1 << 20
"""A gateway takes a new number at every start; 20 bits of the order id."""
ORDERS_MAX = 1 << 25
LEVELS_MAX = 1 << 24
OPEN_ORDERS_PER_MARKET_MAX = 65_535
"""Counted in 16 bits for each account and market."""

# --- the log -----------------------------------------------------------------------------------

ENTRY_RECORDS_MAX = 4096
"""256 KiB an entry: one fsync's worth, and small enough to hold nobody up for long."""

ORDER_COUNTER_BITS = 43
"""An order id is gateway << 43 | counter: a gateway may number 8.8e12 orders in its life."""

GATEWAY_QUEUE_RECORDS_MAX = 1 << 16
"""4 MiB of commands may wait at a gateway for an append: more only adds to their delay."""

READ_ENTRIES_MAX = 256
"""Entries that an engine takes from the log at once: at most 64 MiB, and enough to be worth it."""

SEGMENT_BYTES_MAX = 1 << 30
"""Content of an archive segment: a damaged or foreign one can't fill the memory."""

ARCHIVE_READ_ENTRIES_MAX = 256
"""Entries that the archive takes from the log at once: half a megabyte usually, 64 MiB at most."""

EVENT_STREAM_BYTES_MAX = 256 << 20
EVENT_STREAM_ENTRIES_MAX = 1 << 17
"""What the bus keeps of the event stream. Minutes at full speed, hours at a usual one; who has
missed more than that starts again from the log."""

QUERIES_HELD_MAX = 10_000
QUERY_HELD_MS_MAX = 5_000
"""Questions that an engine keeps because they are ahead of it; whoever asked, asks again."""

# --- gateways ----------------------------------------------------------------------------------

HTTP_BODY_BYTES_MAX = 16 * 1024
"""A single order takes 300 bytes; what is larger is a mistake or an attack."""

HTTP_BATCH_BYTES_MAX = 64 * 1024
BATCH_ORDERS_MAX = 100
HTTP_HEADER_BYTES_MAX = 8 * 1024

SIGNATURE_WINDOW_MS_DEFAULT = 5_000
SIGNATURE_WINDOW_MS_MAX = 60_000
REPLY_TIMEOUT_MS = 5_000
"""How long a gateway waits for a reply before it asks the event stream and then says TIMEOUT."""
HTTP_BODY_SECONDS_MAX = 10
"""A body that trickles in holds a connection, nothing else; honest ones take milliseconds."""

HTTP_DISCARDED_BYTES_MAX = 4 * 1024 * 1024
"""How much of a body that is too large is read and dropped, so that its sender sees the 413."""

JSON_BRACKETS_MAX = 4 * BATCH_ORDERS_MAX
"""Orders are flat: a batch needs one bracket an order and one for all. Nesting as deep as this is
still far from the decoder's own limit."""

QUERY_PARAMETERS_MAX = 64
"""Several times what the longest query of any client has."""

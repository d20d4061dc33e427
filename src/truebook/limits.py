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

ATTESTERS_MAX = 64
WITHDRAWALS_PENDING_MAX = 1 << 16
"""Requested and not settled, in the whole exchange."""
REFERENCES_MAX = 1 << 22
"""Deposits that count once: their references are kept for ever."""
TIMER_MS_MAX = 86_400_000
"""A dead man's switch that waits for more than a day protects nobody."""
CONNECTION_TIMER_MS = 10_000
CONNECTION_TIMER_REFRESH_S = 3.0
"""Cancel-on-disconnect: after the death of a websocket process its accounts' orders live so long;
two refreshments may be late or lost."""
DEADLINE_MS_DEFAULT = 5_000
"""Reached later than this after its entry's time, an order is not carried out (promise 6)."""

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
CLOCK_DIFFERENCE_MS_MAX = 10_000
"""How far a gateway's clock may be from the log server's: signatures are remembered this much
longer than they are valid, and a gateway that is further behind has its changes refused."""

REPLY_TIMEOUT_MS = 5_000
"""How long a gateway waits for a reply before it asks the event stream and then says TIMEOUT."""
HTTP_BODY_SECONDS_MAX = 10
"""A body that trickles in holds a connection, nothing else; honest ones take milliseconds."""

HTTP_HEAD_SECONDS_MAX = 10
"""The same for a request's head, and for a connection on which nothing comes."""

HTTP_DISCARDED_BYTES_MAX = 4 * 1024 * 1024
"""How much of a body that is too large is read and dropped, so that its sender sees the 413."""

JSON_BRACKETS_MAX = 4 * BATCH_ORDERS_MAX
"""Orders are flat: a batch needs one bracket an order and one for all. Nesting as deep as this is
still far from the decoder's own limit."""

THROTTLE_BUCKETS_MAX = 1 << 16
"""Of each kind: some 10 MiB. What has been idle for a second needs none."""

ENGINE_LAG_MS_MAX = 1_000
"""An engine that is further behind than this is given nothing more (design, promise 6)."""

ADDRESS_CHARACTERS_MAX = 200
BLOCKCHAIN_CHARACTERS_MAX = 40
WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX = 100
"""Where a withdrawal goes to is kept in the log for ever, in one note. The longest addresses there
are have 106 characters."""

LOG_MEMORY_FACTOR = 4
"""With so many times `archive.log_bytes_max` in the log server's memory nothing more is taken: some
readers may hold the trimming up for a while, but it must not grow until the machine is full."""

QUERY_PARAMETERS_MAX = 64
"""Several times what the longest query of any client has."""

# --- the database ------------------------------------------------------------------------------

HISTORY_READ_MS_MAX = 2_000
"""Longer than a page of the longest history takes; a reader that is slower than this would hold up
the database's own housekeeping."""

HISTORY_QUESTIONS_MAX = 256
"""Questions to the database that may wait in one process: more would wait longer than anybody."""

HISTORY_UPDATES_MAX = 10_000
"""Private updates made again at once: 4 MB of text."""

# --- readers of the event stream ---------------------------------------------------------------

BOOK_LEVELS_TOLD_MAX = 1 << 18
"""Levels of each side that an engine tells at once: 8 MiB in one message. What lies beyond is far
from any trade; a feed that meets it asks again."""

LAG_MS_MAX = 500
"""How far feed and store may fall behind before they are raised from idle scheduling: less than a
person notices, and long enough that a short burst of orders has the processors for itself."""

# --- websockets --------------------------------------------------------------------------------

WS_MESSAGE_BYTES_MAX = 64 * 1024
"""A message in, whole or in fragments: all 1,024 subscriptions in one message take 40 KiB."""

WS_SUBSCRIPTIONS_MAX = 1024
"""A connection: every stream of 40 markets. Who wants more opens another."""

WS_CONNECTIONS_PER_ADDRESS = 64
"""Default of `ws.connections_per_address`: one host's scripts, while one can't take all places."""

WS_CONNECTIONS_MAX = 10_000
"""A process: about 120 MB if all are idle, 14 GB if all were stuck at their limits at once."""

WS_STREAM_NAME_LENGTH_MAX = 128
"""Several times the longest name; it is repeated in every frame."""

WS_REQUESTS_PENDING_MAX = 64
"""Requests of a connection that wait for the bus or for what was missed: each holds a task."""

WS_BRACKETS_MAX = 16
"""A request is one object with two flat lists; names may contain a few brackets."""

WS_PING_S = 20.0
"""Well below the minute after which home routers forget a silent connection. Without a sign of
life until the next one is due the connection is taken for dead."""

WS_HANDSHAKE_S_MAX = 5.0
"""For the request that opens a connection to arrive."""

WS_OUTBOX_BYTES_MAX = 1 << 20
"""What may wait for one reader beside what the transport holds: a few thousand messages."""

WS_STUCK_S_MAX = 5.0
"""How long a reader may take nothing at all while something waits for it."""

WS_TRANSPORT_BYTES_MAX = 64 * 1024
"""What the transport buffers before messages wait where they can be joined."""

WS_SOCKET_BYTES_MAX = 128 * 1024
"""The kernel's send buffer. Its own choice grows to megabytes: a slow reader would be told minutes
late instead of having its messages joined."""

WS_CLOSING_S_MAX = 1.0
"""For a client to answer Close before its connection is cut."""

WS_BACKLOG_S_MAX = 5.0
"""For what was missed of a numbered channel to be had; then those who need it are closed."""

WS_HELD_BYTES_MAX = 4 << 20
"""Messages of a numbered channel that wait for what was missed before them."""

WS_DRAIN_S = 3.0
"""Over how long a server that ends spreads its goodbyes, so that not all clients come to its
neighbours at once; with the wait for outboxes within the 5 s that a supervisor may grant."""

WS_DRAIN_STEP_S = 0.005
"""Between two goodbyes while there is time for all of them: few sessions are closed quickly."""

WS_DRAINED_S_MAX = 1.5
"""For the outboxes of the last ones, after the last goodbye."""

# --- order entry by websocket ---------------------------------------------------------------------

ENTRY_SESSIONS_MAX = 1_000
"""A process: 12 MB if all are idle; each trades for somebody, so they are few."""

ENTRY_COMMANDS_PENDING_MAX = 1_024
"""Of a session, on their way into the log and back: several times what a fast market maker has, a
quarter of an entry. A message more may begin while there are fewer."""

ENTRY_LEAVING_S_MAX = 4.0
"""For what sessions have under way to be answered when their process ends, within the time that a
supervisor grants."""

# --- people ------------------------------------------------------------------------------------

PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 256
PASSWORD_MEMORY_KIB_MIN = 8
PASSWORD_MEMORY_KIB_MAX = 1 << 20
PASSWORD_OPERATIONS_MAX = 16
"""What one derivation may take, whatever a database row says: an edited one must not be able to
take all memory, or a minute."""

SALTS_TRIED_MAX = 4
"""The present password's, and those of changes of which nobody knows whether the log took them: a
login tries them all."""

LOGINS_WAITING_MAX = 32
"""One password is tried at a time, in 0.13 s: the last one in the queue waits four seconds."""

PASSWORD_FAILURES_FREE = 10
ADDRESS_FAILURES_FREE = 20
"""Wrong passwords before a name, or an address, has to wait: several people share an address."""
BACK_OFF_S_MAX_NAME = 60
"""Short, since whoever guesses at a name also keeps its owner waiting: 1,440 guesses a day."""
BACK_OFF_S_MAX_ADDRESS = 900
BACK_OFF_FORGOTTEN_S = 3_600

SESSION_HOURS_MAX = 24 * 30
SESSIONS_CACHED_MAX = 10_000
"""Verified sessions that a gateway remembers, a few hundred bytes each."""
SESSIONS_OF_AN_ACCOUNT_MAX = 50
"""More are a mistake; the oldest ends."""
PEOPLE_POLL_S = 0.25
"""How often a gateway looks for sessions that others ended: well inside the promised second."""

API_KEYS_OF_AN_ACCOUNT_MAX = 200
KEYS_OF_AN_ACCOUNT_MAX = 1_000
"""Ever registered, revoked ones included: each takes a slot of the engine for good. The rest is
for changed passwords."""
KEY_LABEL_CHARACTERS_MAX = 40
KEY_ADDRESSES_MAX = 20

REASON_CHARACTERS_MAX = 200
"""Why an administrator did something; it is kept in the log for ever."""
REFERENCE_CHARACTERS_MAX = 64
"""Of what a credit is outside: the number of a transfer, a hash in hexadecimal."""

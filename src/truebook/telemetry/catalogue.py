"""Every figure that a process may tell, by its name in a report.

For Prometheus a name gets `truebook_` in front and its unit behind: a counter `_total`, times
`_seconds`. docs/operations.md has the alerts that are made of them, deploy/grafana a dashboard.
"""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """How a figure behaves."""

    COUNTER = "counter"
    """It only grows, until the process ends."""
    GAUGE = "gauge"
    TIMES = "times"
    """How long something took, each time."""


class Figure(NamedTuple):
    """What a figure means."""

    kind: Kind
    help: str
    label: str = ""
    """Where there are several of it: what each is of."""


COUNTER, GAUGE, TIMES = Kind

FIGURES: dict[str, Figure] = {
    # every process
    "healthy": Figure(GAUGE, "1: it does its work; 0: it doesn't, /health says why"),
    "position_seconds": Figure(GAUGE, "Log time of the entry up to which it has come"),
    "lag_seconds": Figure(GAUGE, "How far it is behind, as far as it can tell"),
    "pulse_age_seconds": Figure(GAUGE, "How long ago its loop came round last"),
    "memory_bytes": Figure(GAUGE, "Resident memory"),
    "processor_seconds": Figure(COUNTER, "Processor time"),
    "open_files": Figure(GAUGE, "Open descriptors"),
    "started_seconds": Figure(GAUGE, "When it was started, in seconds since 1970"),
    "disk_free_bytes": Figure(GAUGE, "What is left where a folder is", "folder"),
    "loop_late": Figure(TIMES, "How much later than wanted its event loop came round"),
    # api
    "requests": Figure(COUNTER, "Requests answered", "status"),
    "refusals": Figure(COUNTER, "Requests that were refused or failed", "code"),
    "request": Figure(TIMES, "From a request's head to the end of its answer; not of orders"),
    "order": Figure(TIMES, "From an order's head to the end of its answer: on disk and applied"),
    "accepting": Figure(GAUGE, "1: commands are accepted; 0: they are refused with 503"),
    # api, ws and feed: all that write to the log
    "append": Figure(TIMES, "From sending an entry to the log until it is fsync'd there"),
    "appended_entries": Figure(COUNTER, "Entries that this gateway wrote"),
    "appended_records": Figure(COUNTER, "Command records of 64 bytes in them"),
    "queued_records": Figure(GAUGE, "Command records that wait for their turn to be written"),
    "awaited_entries": Figure(GAUGE, "Entries whose replies somebody waits for"),
    # engine
    "applied_entries": Figure(COUNTER, "Entries of the log applied, since genesis"),
    "applied_records": Figure(COUNTER, "Command records applied by this process"),
    "apply": Figure(TIMES, "What the engine took for a batch of entries"),
    "entry_age": Figure(TIMES, "From the log's time stamp of a batch's first entry to applied"),
    "publish": Figure(TIMES, "What it took to have a batch of events on the bus"),
    "unpublished_entries": Figure(GAUGE, "Entries applied whose events aren't known to be out"),
    "active": Figure(GAUGE, "1: it publishes; 0: it stands by"),
    "halted": Figure(GAUGE, "1: it applies nothing more; /health says why"),
    "mistrusted": Figure(GAUGE, "1: it found a fault in its own state"),
    "snapshot_position_seconds": Figure(GAUGE, "Log time of its latest snapshot's position"),
    # feed
    "feed_pass": Figure(TIMES, "From reading events to having told what follows from them"),
    "feed_passes": Figure(COUNTER, "Passes that told something"),
    "feed_channels": Figure(GAUGE, "Channels that somebody listens to"),
    # ws
    "sessions": Figure(GAUGE, "Open websockets"),
    "outbox_bytes": Figure(GAUGE, "What waits for slow readers, of all sessions"),
    "outbox_bytes_max": Figure(GAUGE, "What waits for the slowest reader"),
    "sent_messages": Figure(COUNTER, "Public messages given to readers, each counted"),
    "fan_out": Figure(TIMES, "What it took to give what had come to all who listen"),
    # store
    "store_write": Figure(TIMES, "What a batch took in the database"),
    "stored_entries": Figure(COUNTER, "Event entries whose rows it wrote"),
    # archive
    "archived_entries": Figure(COUNTER, "Entries that stand in segments, since genesis"),
    "archive_segments": Figure(GAUGE, "Segments of the archive"),
    "archive_waiting_bytes": Figure(GAUGE, "Entries read that wait for their segment"),
    "log_memory_bytes": Figure(GAUGE, "What the log server holds in memory"),
    # witness
    "verdicts": Figure(COUNTER, "Verdicts that were ever given in this installation"),
    "refused_attestations": Figure(COUNTER, "Attestations under keys that nobody trusts"),
    "agreed_age_seconds": Figure(GAUGE, "How long ago engines were last found to agree"),
    # maker, taker
    "bot_turns": Figure(COUNTER, "Turns of a bot"),
    "bot_failures": Figure(COUNTER, "Turns in which the exchange didn't serve it"),
    # supervisor, of its children
    "serving": Figure(GAUGE, "1: the process does its work", "child"),
    "restarts": Figure(COUNTER, "How often it was started again", "child"),
}

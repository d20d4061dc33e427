"""Known bugs, put back one by one: each breaks one rule that the exchange rests on.

Promise: each replaces one function, of the code under test or of a server, by one that somebody
could have written.
"""

from simulation.log_server import LogServer, SimulatedLog

import truebook.snapshots.keeping
import truebook.store.sqlite.writer as writer
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import LogUnavailable, OutcomeUnknown
from truebook.commandlog.memory import MemoryLogServer, MemoryPublisher
from truebook.commandlog.publication import Publication
from truebook.engine.naive.engine import NaiveEngine
from truebook.feed.fold import Fold
from truebook.messages import EntryStatus
from truebook.snapshots.restoring import restore


def lose_the_last_record(patch):
    """A log server that acknowledges before the disk has it: it comes back without its last."""
    stop = LogServer.stop

    def stop_and_lose(server):
        was_up = server.is_up
        stop(server)
        if was_up and len(server.entries) > 1:
            server.entries.pop()

    patch.setattr(LogServer, "stop", stop_and_lose)


def take_an_unknown_outcome_for_written(patch):
    """A gateway that acknowledges what it only sent."""
    append = SimulatedLog.append

    async def append_hopefully(log, data, once=()):
        try:
            return await append(log, data, once)
        except OutcomeUnknown:
            return log._server.last_position()

    patch.setattr(SimulatedLog, "append", append_hopefully)


def skip_unknown_entries(patch):
    """A gateway that doesn't send again what may not have been written, and says it wasn't."""

    async def skip(gateway, entry):
        gateway._unknown = None
        gateway._needs_number = True
        for submission in entry.submissions:
            submission.failed(LogUnavailable("it broke"))

    patch.setattr(Gateway, "_append_again", skip)


def forget_gateways_after_a_snapshot(patch):
    """An engine that begins at a snapshot and takes every gateway for new."""

    def restore_forgetfully(*arguments):
        restored = restore(*arguments)
        if restored is not None:
            restored.engine.inner.state.gateways.clear()
        return restored

    patch.setattr(truebook.snapshots.keeping, "restore", restore_forgetfully)


def apply_a_repeated_entry(patch):
    """An engine that carries out an entry as often as it stands in the log."""
    judge = NaiveEngine._status_of

    def judge_kindly(engine, header, is_cut):
        status = judge(engine, header, is_cut)
        return EntryStatus.APPLIED if status == EntryStatus.REPEATED else status

    patch.setattr(NaiveEngine, "_status_of", judge_kindly)


def publish_wherever_the_stream_ends(patch):
    """A bus that adds events without comparing the position before them."""

    def append(publisher, before, entries, messages, token=0, life=""):
        publisher._server.check_up()
        publisher._server.entries.extend(entries)
        for channel, message in messages:
            publisher._server.publish(channel, message)

    patch.setattr(MemoryPublisher, "append", append)


def store_the_position_beside_the_rows(patch):
    """A store whose position is committed before its rows."""
    write = writer._write

    def write_in_two(connection, rows):
        position, event_hash = rows.tail
        before = writer._tail(connection).position
        if before == rows.before:
            query = "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)"
            connection.execute(query, (str(position), event_hash, rows.time_ms))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            rows.before, before = position, rows.before
            try:
                write(connection, rows)
            finally:
                rows.before = before

    patch.setattr(writer, "_write", write_in_two)


def never_take_over(patch):
    """A standby that stands by for ever."""
    patch.setattr(Publication, "_must_take_over", lambda publication: False)


def drop_an_event_of_a_batch(patch):
    """A feed that folds all entries of a pass but the last of many."""
    step = Fold.step

    def step_too_fast(fold, entries, *others):
        made = step(fold, [*entries[:1], *entries[2:]], *others)
        skipped = 1 if len(entries) > 1 and made.folded > 1 else 0
        return made._replace(folded=made.folded + skipped)

    patch.setattr(Fold, "step", step_too_fast)


def forget_marks(patch):
    """A log server that takes a signature as often as it is shown."""
    patch.setattr(MemoryLogServer, "_remember", lambda *_: None)


def trim_what_is_not_archived(patch):
    """An archive whose segments never reach the disk."""

    def write(archive, name, data):
        if not archive.names():
            (archive.path / name).write_bytes(data)

    patch.setattr(FolderArchive, "write", write)


def claim_the_stream_of_any_life(patch):
    """An engine that outlived a bus, and claims the end of the next one."""
    claim = MemoryPublisher.claim

    def claim_any(publisher, before, token, life):
        return claim(publisher, before, token, publisher._server.life)

    patch.setattr(MemoryPublisher, "claim", claim_any)


KNOWN = {
    lose_the_last_record: 0,
    take_an_unknown_outcome_for_written: 76,
    skip_unknown_entries: 1,
    forget_gateways_after_a_snapshot: 1,
    apply_a_repeated_entry: 1,
    publish_wherever_the_stream_ends: 0,
    store_the_position_beside_the_rows: 2,
    never_take_over: 0,
    drop_an_event_of_a_batch: 6,
    forget_marks: 12,
    trim_what_is_not_archived: 7,
    claim_the_stream_of_any_life: 145,
}
"""Each bug, and the first seed that found it when `tests/simulation/find.py` looked last: tried
first, so that the test is quick."""

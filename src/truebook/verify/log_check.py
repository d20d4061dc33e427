"""Checking the whole log, from genesis: each segment of the archive, then what the server has.

Promise: if a byte of the archive changed, a segment or an entry was left out, exchanged, added or
edited, that is found, and the first entry that shows it is named. Against whoever edits an entry
and then makes everything behind it anew, chain and all, the log's own bytes can't help: that is
found by comparing with a chain that somebody else remembers, as every running engine does.

After a finding it goes on where the next segment says it starts, so that each damage is named.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from truebook.clock import Clock
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.segment import (
    HEAD_BYTES,
    End,
    Head,
    SegmentDamaged,
    entries_of,
    parse_name,
    read_head,
    unpack,
    unpack_what_can_be,
)
from truebook.commandlog.archive.store import ArchiveStore
from truebook.commandlog.chain import extend
from truebook.commandlog.interface import (
    LogEntry,
    LogHole,
    LogLost,
    LogTrimmed,
    Position,
    Recovery,
    RecoveryBook,
    StreamReader,
)
from truebook.commandlog.recoveries import recovery_in
from truebook.limits import READ_ENTRIES_MAX
from truebook.messages import EntryStatus
from truebook.verify.replay import commands_in
from truebook.verify.sequences import Sequences

FINDINGS_MAX = 100
"""More of them tell nothing new; the rest is counted."""


class Finding(Struct, rename="camel"):
    """Something that is wrong."""

    what: str
    position: str
    """Of the first entry that shows it, or of the last that is right before it."""
    segment: str = ""
    """Where it is; empty: on the log server."""
    byte: int | None = None
    """In the segment's file; of an entry, in its unpacked content."""

    def __str__(self) -> str:
        place = [self.segment and f"segment {self.segment}", self.position]
        place.append("" if self.byte is None else f"byte {self.byte}")
        return f"{', '.join(word for word in place if word) or 'log'}: {self.what}"


class LogChecked(Struct, rename="camel"):
    """What a check came to."""

    position: str
    entries: int
    commands: int
    repeated: int
    """Entries that a gateway sent again because it didn't know whether they had arrived."""
    segments: int
    archived: str
    """The last position in the archive."""
    chain: str
    found: int
    findings: list[Finding]
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found


class LogCheck:
    """One walk from genesis. `known`: chains that somebody remembers, by position."""

    def __init__(self, known: Mapping[Position, tuple[str, bytes]] | None = None) -> None:
        self.end = End()
        """Where the walk is; its entries are those seen."""
        self.commands = 0
        self.repeated = 0
        self.found = 0
        self.findings: list[Finding] = []
        self._known = dict(known or {})
        self._sequences = Sequences()
        self._recoveries: list[Recovery] = []
        self._is_sure = True
        """Whether everything before was readable, so that the next must follow on it."""

    def archive(self, store: ArchiveStore, progress: Callable[[float], None]) -> None:
        """Walk all segments."""
        names = store.names()
        for index, name in enumerate(names):
            progress(index / (len(names) + 1))
            self._check_number(name)
            try:
                data = store.read(name)
            except OSError as error:
                self._report(f"can't be read: {error.strerror}", self.end.position, name)
                self._pass_over(name)
                continue
            try:
                head, content = unpack(name, data)
            except SegmentDamaged as error:
                self._damaged(name, data, error)
            else:
                self._follow_on(name, head)
                self._segment(name, head, content)

    def server(self, stream: StreamReader) -> None:
        """Walk what the log server has behind the archive."""
        try:
            stream.check_holds(self.end.position)
        except LogTrimmed as error:
            self._report(f"entries are missing behind it: {error}", self.end.position)
            return
        except LogLost as error:
            self._report(str(error), self.end.position)
            return
        last = stream.last_position()
        while self.end.position < last:
            for entry in stream.read(self.end.position, READ_ENTRIES_MAX, 0):
                self._entry(entry)

    def overlap(self, stream: StreamReader, start: Position, archive: ArchiveReader) -> None:
        """Compare what both have: the server's entries behind `start`, up to the archive's end."""
        # What is damaged has been found already: then there is less to compare.
        with suppress(SegmentDamaged, LogHole, OSError):
            archive.refresh()
            while start < archive.end:
                archived = archive.read(start, READ_ENTRIES_MAX)
                served = stream.read(start, len(archived), 0)
                for one, other in zip(archived, served, strict=False):
                    if one != other:
                        at = min(one.position, other.position)
                        self._report("the archive and the log server differ there", at)
                        return
                start = archived[-1].position

    def recoveries(self, listed: Sequence[Recovery]) -> None:
        """Compare those that stand in the log, walked whole, with the list of its server: readers
        go by the list before they come to them."""
        if self.found:
            return
        expected = [recovery for recovery in listed if recovery.at <= self.end.position]
        for odd in set(self._recoveries) ^ set(expected):
            where = "the log" if odd in self._recoveries else "the log server's list of recoveries"
            self._report(f"only {where} has the recovery of what stands behind {odd.after}", odd.at)

    def _check_number(self, name: str) -> None:
        try:
            number, _ = parse_name(name)
        except ValueError:
            return
        expected = self.end.number + 1
        if number > expected:
            missing = (
                f"segment {expected} isn't"
                if number == expected + 1
                else f"segments {expected} to {number - 1} aren't"
            )
            self._report(f"{missing} there", self.end.position, name)
            self._is_sure = False

    def _pass_over(self, name: str) -> None:
        """A segment couldn't be read at all: the next one tells where it goes on."""
        with suppress(ValueError):
            self.end = self.end._replace(number=parse_name(name)[0])
        self._sequences.forget()
        self._is_sure = False

    def _follow_on(self, name: str, head: Head) -> None:
        """The segment must say of what is before it what was found there."""
        end, before = self.end, head.before
        if self._is_sure and before != end:
            if before.position != end.position:
                what = f"follows on {before.position}, but the one before ends at {end.position}"
            elif before.chain != end.chain:
                what = "tells of another chain up to there: an entry before it was changed"
            else:
                what = "tells of another head of the segment before it: that was exchanged"
            self._report(what, head.first, name)
        if before != end:
            self._sequences.forget()
        self.end = before
        self._is_sure = True

    def _segment(self, name: str, head: Head, content: bytes) -> None:
        found = self.found
        try:
            for byte, entry in entries_of(content):
                self._entry(entry, name, byte)
        except ValueError as error:
            self._report(str(error), self.end.position, name)
        end = self.end
        if found == self.found and end.chain != head.after.chain:
            what = (
                f"the chain over its entries isn't the one that its head tells: one of {head.first}"
                f" to {head.last} was changed"
            )
            self._report(what, head.first, name)
        elif found == self.found and end[1:3] != head.after[1:3]:
            self._report("its entries aren't those that its head tells of", head.first, name)
        self.end = head.after

    def _damaged(self, name: str, data: bytes, error: SegmentDamaged) -> None:
        """Say what is wrong with a segment, and which entry shows it first."""
        try:
            head = read_head(name, data)
        except SegmentDamaged:
            self._report(error.what, self.end.position, name, error.byte)
            self._pass_over(name)
            return
        self._follow_on(name, head)
        trial = LogCheck()
        trial._sequences = self._sequences.copy()
        trial.end = head.before
        content = unpack_what_can_be(head, memoryview(data)[HEAD_BYTES:])
        byte: int | None = error.byte
        with suppress(ValueError):
            for byte, entry in entries_of(content):
                if not trial.end.position < entry.position <= head.last:
                    break
                trial._entry(entry, name, byte)
                if trial.found:
                    break
        if trial.findings:
            what = f"{error.what}: {trial.findings[0].what}"
            self._report(what, trial.end.position, name, byte)
        else:
            self._report(f"{error.what}, behind that", trial.end.position, name, error.byte)
        self._sequences.forget()
        self.end = head.after

    def _entry(self, entry: LogEntry, segment: str = "", byte: int | None = None) -> None:
        position, time_ms, data, _ = entry
        at = position, segment, byte
        if position <= self.end.position:
            self._report(f"stands behind {self.end.position}", *at)
        if time_ms != position.high:
            self._report(f"has the time {time_ms}", *at)
        if (recovery := recovery_in(entry)) is not None:
            self._recoveries.append(recovery)
        judged = self._sequences.judge(data)
        if judged.status == EntryStatus.APPLIED:
            self.commands += commands_in(data)
        elif judged.status == EntryStatus.MALFORMED:
            self._report("isn't what a gateway wrote: its checksum or its form is wrong", *at)
        elif judged.status == EntryStatus.GAP:
            self._report(
                f"is entry {judged.sequence} of gateway {judged.gateway}, whose entry"
                f" {judged.expected} is missing",
                *at,
            )
        else:
            self.repeated += 1
            if judged.is_other:
                self._report(
                    f"is another entry {judged.sequence} of gateway {judged.gateway} than the one"
                    " before it",
                    *at,
                )
        chain = extend(self.end.chain, position, data)
        self.end = End(self.end.number, position, self.end.entries + 1, chain, self.end.head_hash)
        if position in self._known:
            who, known = self._known[position]
            if known != chain:
                what = f"up to there {who} has read another log: its chain is {known.hex()}"
                self._report(f"{what}, not {chain.hex()}", *at)

    def _report(
        self, what: str, position: Position, segment: str = "", byte: int | None = None
    ) -> None:
        self.found += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(what, str(position), segment, byte))


def check_log(
    store: ArchiveStore,
    stream: StreamReader,
    trimmed: Position,
    clock: Clock,
    known: Mapping[Position, tuple[str, bytes]] | None = None,
    progress: Callable[[float], Any] = lambda share: None,
    book: RecoveryBook | None = None,
) -> LogChecked:
    """Check archive and log server. `trimmed`: the oldest entry that the server has for sure;
    `book`: its list of recoveries, if it is to be compared."""
    started_s = clock.elapsed_s()
    check = LogCheck(known)
    check.archive(store, progress)
    archived = check.end
    check.server(stream)
    if trimmed <= archived.position:
        check.overlap(stream, trimmed, ArchiveReader(store))
    if book is not None:
        check.recoveries(book.read()[1])
    progress(1.0)
    return LogChecked(
        position=str(check.end.position),
        entries=check.end.entries,
        commands=check.commands,
        repeated=check.repeated,
        segments=archived.number,
        archived=str(archived.position),
        chain=check.end.chain.hex(),
        found=check.found,
        findings=check.findings,
        seconds=round(clock.elapsed_s() - started_s, 3),
    )

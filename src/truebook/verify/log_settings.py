"""The settings as of any place in the log: from the log's own commands, without replaying trades.

Promise: the directory is the one that an engine has there. Why: whether a setting is accepted
depends on settings alone, so an engine that is given only these decides as every engine did.
"""

from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import LogEntry
from truebook.commandlog.replies import pack_position, settings_events
from truebook.directory import Directory
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import COMMAND_BYTES, CommandKind, EntryStatus
from truebook.verify.log_words import split

_FIRST_SETTING = int(CommandKind.SET_ASSET)
_NO_SETTING = bytes(range(_FIRST_SETTING))


class LogSettings:
    """Follows the settings while somebody goes through the log from genesis."""

    def __init__(self) -> None:
        self.directory = Directory()
        self._engine = NaiveEngine()
        self._sequence = 0

    def follow(self, entry: LogEntry, status: EntryStatus) -> None:
        """Take the next entry, of which the engine makes `status`."""
        if status != EntryStatus.APPLIED:
            return
        kinds = entry.data[COMMAND_BYTES::COMMAND_BYTES]
        if not kinds.translate(None, _NO_SETTING):
            return
        records = b"".join(r for r in split(entry.data) if r[0] >= _FIRST_SETTING)
        if not records:
            return
        self._sequence += 1
        data = pack_entry(1, self._sequence, records)
        applied = self._engine.apply(for_engine(entry._replace(data=data)))
        if rows := settings_events(applied.events):
            self.directory.follow(pack_position(entry.position) + rows)

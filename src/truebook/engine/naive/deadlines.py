"""Deadlines: what is reached too late after its entry's time is not carried out (promise 6)."""

from truebook.engine.naive.journal import Journal
from truebook.engine.naive.records import OrderCommand
from truebook.engine.naive.state import State
from truebook.limits import DEADLINE_MS_DEFAULT


def is_late(state: State, journal: Journal, command: OrderCommand) -> bool:
    """Tell whether the present entry was reached after the command's deadline."""
    deadline_ms = command.deadline_ms or DEADLINE_MS_DEFAULT
    return state.version >= 2 and journal.lateness_ms > deadline_ms

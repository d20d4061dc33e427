"""Timers as they follow from events: which are on, and that each runs out in its time and turn."""

from collections.abc import Callable
from dataclasses import dataclass, field

Timer = tuple[int, int]
"""Account and messages.Timer."""


@dataclass
class FoldedTimers:
    """When each timer that is on runs out."""

    expires: dict[Timer, int] = field(default_factory=dict)
    ran_out: list[int] = field(default_factory=list)
    """Accounts whose timers ran out at the beginning of the present entry."""
    is_beginning: bool = False
    """No command of the present entry has been carried out yet."""

    def begin_entry(self) -> None:
        """An entry is applied: what is due runs out first."""
        self.is_beginning = True

    def set(self, account: int, timer: int, expires_ms: int) -> None:
        """A command set a timer, or (0) switched it off."""
        self.expires.pop((account, timer), None)
        if expires_ms:
            self.expires[account, timer] = expires_ms

    def run_out(self, account: int, timer: int, expires_ms: int, time_ms: int) -> None:
        """One runs out: it is due, and none was to come before it."""
        assert self.is_beginning, "a timer runs out behind a command"
        assert expires_ms == 0
        due = min((when, *whose) for whose, when in self.expires.items())
        assert due[1:] == (account, timer), f"timer {due} comes first"
        assert due[0] <= time_ms, f"timer {due} runs out before its time"
        del self.expires[account, timer]
        self.ran_out.append(account)

    def check_run_out(self, time_ms: int, orders_of: Callable[[int], list[int]]) -> None:
        """Before anything else of an entry: what was due ran out, and left no order."""
        if not self.is_beginning:
            return
        self.is_beginning = False
        late = [timer for timer, when in self.expires.items() if when <= time_ms]
        assert not late, f"timers (account, which) {late} should have run out"
        for account in self.ran_out:
            assert not orders_of(account), f"orders of account {account} outlived its timer"
        self.ran_out.clear()

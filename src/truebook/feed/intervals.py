"""Intervals of candles: their names in the dialect, and where each begins.

Promise: every moment lies in exactly one interval of each kind, and an interval of a kind is the
union of whole intervals of the kind it is `made_of`. All times are UTC.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from truebook.history import KeptInterval

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONDAY_S = 4 * _DAY
"""1970 began on a Thursday; weeks begin on Mondays."""


class Interval(NamedTuple):
    """A kind of candle. `seconds` 0: calendar months."""

    name: str
    seconds: int
    made_of: KeptInterval

    def start_of(self, time_s: int) -> int:
        """The start of the interval that a moment lies in."""
        if not self.seconds:
            return _month(time_s, 0)
        offset = _MONDAY_S if self.name == "1w" else 0
        return time_s - (time_s - offset) % self.seconds

    def next_start(self, start_s: int) -> int:
        """The start of the interval after the one that starts there."""
        return start_s + self.seconds if self.seconds else _month(start_s, 1)


def _month(time_s: int, later: int) -> int:
    moment = datetime.fromtimestamp(time_s, UTC)
    months = moment.year * 12 + moment.month - 1 + later
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp())


INTERVALS = {
    interval.name: interval
    for interval in (
        Interval("1s", 1, "1s"),
        Interval("1m", _MINUTE, "1m"),
        Interval("3m", 3 * _MINUTE, "1m"),
        Interval("5m", 5 * _MINUTE, "1m"),
        Interval("15m", 15 * _MINUTE, "1m"),
        Interval("30m", 30 * _MINUTE, "1m"),
        Interval("1h", _HOUR, "1h"),
        Interval("2h", 2 * _HOUR, "1h"),
        Interval("4h", 4 * _HOUR, "1h"),
        Interval("6h", 6 * _HOUR, "1h"),
        Interval("8h", 8 * _HOUR, "1h"),
        Interval("12h", 12 * _HOUR, "1h"),
        Interval("1d", _DAY, "1d"),
        Interval("3d", 3 * _DAY, "1d"),
        Interval("1w", 7 * _DAY, "1d"),
        Interval("1month", 0, "1d"),
    )
}

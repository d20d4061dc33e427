"""What is told of the processes of the exchange."""

from typing import TypedDict


class Bucket(TypedDict):
    """How often something took less than this, and not less than the bucket before says."""

    belowMs: float
    count: int


class Took(TypedDict):
    """How long something took, since the process started; quantiles are at most 25 % too high."""

    count: int
    sumMs: float
    p50Ms: float
    p90Ms: float
    p99Ms: float
    p999Ms: float
    longestMs: float
    buckets: list[Bucket]


class Process(TypedDict):
    """One process."""

    name: str
    role: str
    host: str
    pid: int
    version: str
    startedAt: int
    toldAt: int
    serving: bool
    healthy: bool
    reasons: list[str]
    position: str | None
    behindMs: int
    """Log time between its position and that of who has come furthest."""
    lagMs: float
    """How far it is behind, as far as it can tell by itself."""
    figures: dict[str, float]
    """By name; docs/operations.md says what each means."""
    tallies: dict[str, dict[str, float]]
    """Figures that there are several of."""
    times: dict[str, Took]


class OverviewAnswer(TypedDict):
    """All processes."""

    healthy: bool
    reasons: list[str]
    position: str
    processes: list[Process]

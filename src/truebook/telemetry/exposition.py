"""Reports as Prometheus reads them.

Promise: every figure of the catalogue that a report has is there, under one name, with the labels
`process` and `role` (and `host` where several hosts are told of); a figure that the catalogue
doesn't know is a bug of ours and is left out. Times are told at every doubling from 1 µs to 16 s.
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from truebook.figures import BUCKETS, SUB_BUCKETS, bucket_end_us
from truebook.telemetry.catalogue import FIGURES, Figure, Kind
from truebook.telemetry.report import Report, Times

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "truebook_"
_LABELS = ("process", "role", "host")
_LONGEST_AT = BUCKETS - SUB_BUCKETS


def exposition(reports: Sequence[Report]) -> bytes:
    """The text of a scrape."""
    registry = CollectorRegistry()
    registry.register(_Reports(reports))
    return generate_latest(registry)


def exposed_names() -> set[str]:
    """Every name of a series that a scrape may have."""
    names = set()
    for name, figure in FIGURES.items():
        full = _PREFIX + name
        if figure.kind == Kind.COUNTER:
            names.add(f"{full}_total")
        elif figure.kind == Kind.GAUGE:
            names.add(full)
        else:
            names.update(f"{full}_seconds_{part}" for part in ("bucket", "count", "sum"))
    return names


class _Reports(Collector):
    def __init__(self, reports: Sequence[Report]) -> None:
        self._reports = reports

    def collect(self) -> Iterable[Metric]:
        """Family by family."""
        for name, figure in FIGURES.items():
            if figure.kind == Kind.TIMES:
                family: Metric = self._times(name, figure)
            else:
                family = self._single(name, figure)
            if family.samples:
                yield family

    def _single(self, name: str, figure: Figure) -> Metric:
        is_counter = figure.kind == Kind.COUNTER
        make = CounterMetricFamily if is_counter else GaugeMetricFamily
        labels = [*_LABELS, *([figure.label] if figure.label else [])]
        family = make(_PREFIX + name, figure.help, labels=labels)
        for report in self._reports:
            own = _labels_of(report)
            if figure.label:
                for what, value in sorted(report.tallies.get(name, {}).items()):
                    family.add_metric([*own, what], value)
            elif name in report.figures:
                family.add_metric(own, report.figures[name])
        return family

    def _times(self, name: str, figure: Figure) -> Metric:
        family = HistogramMetricFamily(f"{_PREFIX}{name}_seconds", figure.help, labels=_LABELS)
        for report in self._reports:
            if times := report.times.get(name):
                family.add_metric(_labels_of(report), list(_cumulated(times)), times.sum_s)
        return family


def _labels_of(report: Report) -> list[str]:
    return [report.name, report.role, report.host]


def _cumulated(times: Times) -> Iterator[tuple[str, float]]:
    """How many were below each doubling."""
    below = 0
    for index in range(BUCKETS):
        below += times.counts.get(index, 0)
        if index % SUB_BUCKETS == SUB_BUCKETS - 1 and index < _LONGEST_AT:
            yield repr(bucket_end_us(index) / 1e6), below
    yield "+Inf", below

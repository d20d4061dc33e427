"""How the processes of the exchange are, for those who run it: GET /api/v1/admin/overview.

Promise: it needs the permission `admin`, asks the bus once, and disturbs no process: what it tells
is what each said of itself within the last seconds (telemetry/). Counts and times are since each
process started; who wants rates asks twice and takes the difference.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority
from truebook.api.errors import RETRY_AFTER_S, ApiError
from truebook.api.request import headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.shapes.overview import OverviewAnswer, Process, Took
from truebook.commandlog.interface import GENESIS, BusUnavailable, Position
from truebook.figures import bucket_end_us
from truebook.telemetry.report import Report, Times

Reports = Callable[[], Awaitable[list[Report]]]
"""What every process last said of itself. Raises BusUnavailable."""

_BOTS = frozenset({"maker", "taker"})


class Overview:
    """The endpoint."""

    def __init__(self, authority: Authority, reports: Reports | None) -> None:
        self._authority = authority
        self._reports = reports

    def routes(self) -> list[Route]:
        """At its path."""
        return [Route("/api/v1/admin/overview", self.overview, methods=["GET"])]

    async def overview(self, request: Request) -> Response:
        """How each process of the exchange is, where in the log it stands, what it counts and how
        long things take in it (`adminOverviewQuery`)."""
        headers, query = headers_of(request.scope), query_of(request.scope)
        self._authority.administrator(headers, "adminOverviewQuery", query, changes=False)
        if self._reports is None:
            raise _unknown("nobody tells this gateway")
        try:
            reports = await self._reports()
        except BusUnavailable as error:
            raise _unknown(str(error)) from None
        return JsonResponse(overview_of(reports))


def _unknown(why: str) -> ApiError:
    message = f"How the processes are isn't known: {why}"
    return ApiError(503, "MAINTENANCE", message, retry_after_s=RETRY_AFTER_S)


def overview_of(reports: Sequence[Report]) -> OverviewAnswer:
    """All of them, measured by who has come furthest in the log."""
    furthest = max((_position(report) for report in reports), default=GENESIS)
    reasons = [
        f"{report.name}: {reason}"
        for report in reports
        if report.role not in _BOTS
        for reason in report.reasons
    ]
    return {
        "healthy": bool(reports) and not reasons,
        "reasons": reasons,
        "position": str(furthest),
        "processes": [_process(report, furthest) for report in reports],
    }


def _position(report: Report) -> Position:
    return Position.parse(report.position) if report.position else GENESIS


def _process(report: Report, furthest: Position) -> Process:
    position = _position(report)
    behind_ms = furthest.high - position.high if position > GENESIS else 0
    return {
        "name": report.name,
        "role": report.role,
        "host": report.host,
        "pid": report.pid,
        "version": report.version,
        "startedAt": report.started_ms,
        "toldAt": report.time_ms,
        "serving": report.is_serving,
        "healthy": report.is_healthy,
        "reasons": report.reasons,
        "position": report.position or None,
        "behindMs": behind_ms,
        "lagMs": round(report.lag_ms, 1),
        "figures": report.figures,
        "tallies": report.tallies,
        "times": {name: _took(times) for name, times in report.times.items()},
    }


def _took(times: Times) -> Took:
    return {
        "count": times.count,
        "sumMs": round(times.sum_s * 1000, 3),
        "p50Ms": times.quantile_ms(0.50),
        "p90Ms": times.quantile_ms(0.90),
        "p99Ms": times.quantile_ms(0.99),
        "p999Ms": times.quantile_ms(0.999),
        "longestMs": round(times.longest_s * 1000, 3),
        "buckets": [
            {"belowMs": bucket_end_us(index) / 1000, "count": times.counts[index]}
            for index in sorted(times.counts)
        ],
    }

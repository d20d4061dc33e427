"""A process tells how it is, also when its loop stands still or a figure can't be read."""

import asyncio
import contextlib
import http.client
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from truebook.clock import ManualClock
from truebook.figures import Latency
from truebook.telemetry.catalogue import FIGURES, Kind
from truebook.telemetry.exposition import exposed_names, exposition
from truebook.telemetry.pulse import PULSE_S_MAX
from truebook.telemetry.report import decode_all, encode
from truebook.telemetry.telling import NAME_VARIABLE, Teller, told
from truebook.telemetry.web import of_process, serve_web


@pytest.fixture
def clock():
    return ManualClock(1_795_000_000_000)


@pytest.fixture
def teller(clock):
    return Teller("engine", "engine-1", clock)


def test_a_process_is_unhealthy_until_it_serves(teller):
    assert teller.report().reasons == ["it is starting"]
    teller.serving()
    assert teller.report().is_healthy


def test_a_loop_that_stands_still_is_told_of(teller, clock):
    teller.serving()
    clock.advance(PULSE_S_MAX + 1)
    report = teller.report()
    assert not report.is_healthy
    assert not report.is_alive
    assert report.reasons == ["its loop has stood still for 4 s"]
    teller.pulse.beat()
    assert teller.report().is_healthy


def test_a_source_that_fails_is_said_once_and_the_others_are_told(teller, caplog):
    def fail(report):
        raise KeyError("a bug")

    teller.add(fail)
    teller.add(lambda report: report.figures.update(sessions=3))
    teller.serving()
    with caplog.at_level(logging.ERROR):
        reports = [teller.report() for _ in range(2)]
    assert [report.figures["sessions"] for report in reports] == [3, 3]
    assert reports[0].reasons == ["its figures can't be read: KeyError: 'a bug'"]
    assert len(caplog.records) == 1


def test_a_report_is_read_back_equal_and_what_is_none_is_left_out(teller):
    latency = Latency()
    latency.add(0.25)
    teller.add(lambda report: told(report, "apply", latency))
    report = teller.report()
    assert decode_all([b"{}", encode(report), b"no report"]) == [report]


def test_the_name_comes_from_the_environment_of_the_process(monkeypatch):
    monkeypatch.setenv(NAME_VARIABLE, "api-7")
    assert Teller("api").name == "api-7"


def test_an_event_loop_beats_and_its_lateness_is_kept():
    async def beat() -> Teller:
        teller = Teller("feed")
        beating = asyncio.create_task(teller.pulse.keep())
        while not sum(teller.pulse.late.counts):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        beating.cancel()
        return teller

    assert asyncio.run(beat()).pulse.age_s < PULSE_S_MAX


def test_every_figure_that_is_told_is_exposed_under_its_name(teller):
    latency = Latency()
    for seconds in (1e-6, 0.003, 0.003, 20.0):
        latency.add(seconds)

    def tell_all(report):
        for name, figure in FIGURES.items():
            if figure.kind == Kind.TIMES:
                told(report, name, latency)
            elif figure.label:
                report.tallies[name] = {"one": 1.0, "two": 2.0}
            else:
                report.figures[name] = 5.0

    teller.add(tell_all)
    families = text_string_to_metric_families(exposition([teller.report()]).decode())
    samples = [sample for family in families for sample in family.samples]
    assert {sample.name for sample in samples} == exposed_names()
    assert all(sample.labels["process"] == "engine-1" for sample in samples)
    buckets = {
        sample.labels["le"]: sample.value
        for sample in samples
        if sample.name == "truebook_apply_seconds_bucket"
    }
    assert buckets["0.004096"] == 3
    assert buckets["+Inf"] == 4
    counts = list(buckets.values())
    assert counts == sorted(counts)


@contextlib.contextmanager
def served(teller):
    server = serve_web("127.0.0.1", 0, of_process(teller.report))
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_health_says_503_with_the_reason_and_200_when_all_is_well(teller, clock):
    with served(teller) as port:
        status, body = ask(port, "/health")
        assert (status, json.loads(body)["reasons"]) == (503, ["it is starting"])
        teller.serving()
        status, body = ask(port, "/health")
        assert (status, json.loads(body)["healthy"]) == (200, True)
        assert ask(port, "/alive")[0] == 200
        clock.advance(PULSE_S_MAX + 1)
        assert ask(port, "/health")[0] == ask(port, "/alive")[0] == 503


def test_metrics_are_for_prometheus_and_nothing_else_is_there(teller):
    with served(teller) as port:
        status, body = ask(port, "/metrics")
        assert status == 200
        assert b'truebook_healthy{host="' in body
        assert ask(port, "/")[0] == 404

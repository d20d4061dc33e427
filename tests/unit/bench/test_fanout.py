"""Readers of a benchmark count what they get, and see what they don't."""

import asyncio
import json

import pytest
import uvloop
from rooms.client import served_rooms

from truebook.bench.building import built
from truebook.bench.fanout import Case, Options, summary

SUBSCRIBERS = 3
SCRIPT = '{"method":"SUBSCRIBE","params":["talk.a"],"id":1}\nE\n'


def heard(tmp_path, messages):
    """What the readers tell of messages that were sent to their room."""
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    program = str(built("fanout"))

    async def run():
        async with served_rooms() as server:
            words = ("127.0.0.1", server.port, "", 0, script, SUBSCRIBERS, 1, 0, 1, 1)
            process = await asyncio.create_subprocess_exec(
                program, *map(str, words), stdout=-1, stderr=-1
            )
            assert await process.stderr.readline() == b"subscribed\n"
            for message in messages:
                server.bus.publish("talk.a", message)
            output, errors = await process.communicate()
            assert process.returncode == 0, errors
            return json.loads(output)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def test_gaps_and_what_stands_for_several_are_seen(tmp_path):
    numbers = [(1, 1), (2, 4), (6, 6)]
    depth = [b'{"E":1,"U":%d,"u":%d}' % pair for pair in numbers]
    trades = [b'{"E":1,"t":%d}' % number for number in (10, 11, 14)]
    told = heard(tmp_path, [*depth, *trades])
    assert told["deliveries"] == SUBSCRIBERS * 6
    assert told["events"] == SUBSCRIBERS * (5 + 3)
    assert told["lost"] == SUBSCRIBERS * (1 + 2)


def test_both_ways_are_measured_at_a_rate_and_one_at_its_limit():
    cases = Options(subscribers=(10,), rates=(5.0,), burst=8).cases()
    assert [(case.over, case.rate, case.burst) for case in cases] == [
        ("bus", 0, 1),
        ("bus", 0, 8),
        ("bus", 5.0, 1),
        ("exchange", 5.0, 1),
    ]


@pytest.mark.parametrize(("over", "missing"), [("bus", 4), ("exchange", 0)])
def test_a_summary_says_what_never_arrived_where_that_is_known(over, missing):
    lag = {"p50": 10.0, "p99": 20.0}
    run = {"deliveriesPerS": 50.0, "deliveries": 100, "lagUs": lag, "lost": 0, "missing": 4}
    told = summary(
        Case(over, 2, 5.0), [{**run, "cpuNs": {"ws": 1e6}, "generatorCpuS": 0.1, "seconds": 1.0}]
    )
    assert told["missing"] == missing
    assert told["wsCpuUsPerDelivery"] == 10.0

"""Progress where there is no terminal: plain lines, not too many."""

import io

from truebook.clock import ManualClock
from truebook.progress import Progress


def shown(steps):
    """What is printed when each (step, share) is shown a second after the one before."""
    clock, stream = ManualClock(), io.StringIO()
    progress = Progress(clock, stream)
    for step, share in steps:
        progress.show(step, share)
        clock.advance(1)
    return stream.getvalue().splitlines()


def test_a_step_is_told_when_it_begins_and_every_ten_seconds():
    assert shown([("compiling", None)] * 25) == [
        "compiling …",
        "compiling … 10 s",
        "compiling … 20 s",
    ]


def test_each_step_has_its_own_time():
    steps = [("first", None)] * 11 + [("second", None)] * 11
    assert shown(steps) == ["first …", "first … 10 s", "second …", "second … 10 s"]


def test_a_known_share_is_drawn():
    lines = shown([("replaying", second / 20) for second in range(21)])
    assert lines[1] == f"replaying … {'━' * 15}{'╌' * 15} 50% 10 s"


def test_a_reader_that_has_gone_does_no_harm():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    progress = Progress(ManualClock(), Gone())
    progress.show("compiling")
    progress.say("ready")

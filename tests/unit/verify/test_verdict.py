"""A verdict in words says no more than is known."""

from truebook.verify.witness import DATABASE, Verdict


def told(agreed, first, engine="engine-2", *, published=False):
    return str(Verdict(engine, agreed, first, "order 7 differs", published, at_ms=0))


def test_the_interval_is_told():
    assert told("5-0", "9-0", published=True) == (
        "engine-2 is wrong: right at 5-0, not at 9-0: order 7 differs (the venue is halted)"
    )
    assert told("5-0", "9-0", DATABASE).startswith("the database is wrong between 5-0 and 9-0: ")


def test_a_fault_that_nothing_has_used_is_told_as_one_of_memory():
    assert told("9-0", "9-0") == (
        "engine-2 is wrong: all that it told up to 9-0 is right, its memory there isn't:"
        " order 7 differs (it begins again from the log)"
    )

"""Times are kept in buckets that tell quantiles closely enough, whatever the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truebook.figures import BUCKETS, LONGEST_US, Latency, bucket_end_us, filled, quantile_s


@given(st.integers(0, LONGEST_US))
def test_a_time_stands_in_a_bucket_that_is_at_most_a_quarter_longer(us):
    latency = Latency()
    latency.add((us + 0.5) / 1e6)
    (index,) = filled(latency.counts)
    assert us < bucket_end_us(index)
    assert us < 4 or bucket_end_us(index) <= us * 1.25 + 1
    assert index == 0 or bucket_end_us(index - 1) <= us


@pytest.mark.parametrize("seconds", [-1.0, -1e-9, 17.0, 1e9])
def test_a_time_that_can_not_be_or_is_very_long_stands_at_the_end(seconds):
    latency = Latency()
    latency.add(seconds)
    assert list(filled(latency.counts)) == [0 if seconds < 0 else BUCKETS - 1]


def test_quantiles_are_of_all_times():
    latency = Latency()
    latency.add(0.001, times=98)
    latency.add(0.1, times=2)
    counts = filled(latency.counts)
    assert 0.001 < quantile_s(counts, 0.5) < 0.00126
    assert quantile_s(counts, 0.98) < 0.00126
    assert 0.1 < quantile_s(counts, 0.99) < 0.126
    assert latency.longest_s == 0.1
    assert latency.sum_s == pytest.approx(0.298)


def test_of_nothing_there_is_no_quantile():
    assert quantile_s({}, 0.99) == 0.0

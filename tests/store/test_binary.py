"""Rows in PostgreSQL's binary forms: the server reads the same values."""

import random

import numpy as np
import pytest

from truebook.postgres.connecting import connect
from truebook.store.columns import columns_of
from truebook.store.postgres.bulk import adding, changing

LARGE = [(1 << 63) - 1, 1 - (1 << 63), 1 << 32, (1 << 32) - 1, -1 << 31, 0, -1, None]
SMALL = [(1 << 31) - 1, -1 << 31, 0, -1, None]
TEXTS = ["A", "SOL_USDC", "Ä_€"]


@pytest.fixture
def raw(postgres):
    url = postgres.create()
    raw = connect(url, "test", {}, "public")
    raw.execute(b"CREATE TABLE t (n BIGINT, a BIGINT, b INTEGER, c BIGINT, s TEXT)")
    yield raw
    raw.close()
    postgres.drop(url)


def found(raw):
    return raw.execute(b"SELECT n, a, b, c, s FROM t ORDER BY n").fetchall()


@pytest.mark.parametrize("count", [1, 2, 2000])
def test_added_rows_have_the_same_values(raw, count):
    rng = random.Random(count)
    rows = [(n, rng.choice(LARGE), rng.choice(SMALL), rng.choice(LARGE)) for n in range(count)]
    texts = [rng.choice(TEXTS) for _ in rows]
    names = np.array([text.encode() for text in texts])
    assert adding("t", "n, a, b:4, c, s", columns_of(rows, 4), names)(raw) == count
    assert found(raw) == [(*row, text) for row, text in zip(rows, texts, strict=True)]


@pytest.mark.parametrize("count", [1, 2, 2000])
def test_changed_rows_have_the_same_values(raw, count):
    rng = random.Random(count)
    rows = [(n, rng.choice(LARGE), rng.choice(LARGE)) for n in range(count)]
    adding("t", "n", columns_of([row[:1] for row in rows], 1))(raw)
    change = "UPDATE t SET a = new.a, c = new.c FROM {rows} WHERE t.n = new.n"
    assert changing(change, "n, a, c", columns_of(rows, 3))(raw) == count
    assert found(raw) == [(n, a, None, c, None) for n, a, c in rows]


def test_no_rows_are_no_statement(raw):
    assert adding("nowhere", "n", columns_of([], 1))(raw) == 0
    assert changing("nonsense {rows}", "n", columns_of([], 1))(raw) == 0


@pytest.mark.parametrize("number", [1 << 31, -(1 << 31) - 1, 1 << 32])
def test_a_number_that_its_column_cannot_hold_is_not_cut(raw, number):
    with pytest.raises(OverflowError):
        adding("t", "n, b:4", columns_of([(1, 5), (2, number)], 2))

"""The fast way of strict JSON and the slow one: the same values, the same refusals."""

import json
import random

import pytest
from venue.values import HOSTILE, HOSTILE_BODIES

from truebook.strict_json import NotStrict, NumberText, decode, decode_slowly

WORDS = ["symbol", "price", "", "a", "ü", "price2", "-0", "x" * 70]
VALUES = [
    *HOSTILE.values(),
    *(
        '"90.25"',
        '"-0"',
        "0",
        "12",
        "-12",
        "1.50",
        "1e5",
        "-0.0",
        "null",
        "false",
        '"ü"',
        '"\\u00fc"',
    ),
    *(
        str(10**30),
        "1" * 5_000,
        '"\x7f"',
        "[]",
        "{}",
        '["a", 1]',
        '{"a": 1, "a": 2}',
        '[{"b": "c"}]',
    ),
]


def outcome(way, text):
    """The value with the kinds of its texts, or why there is none."""
    try:
        return shown(way(text))
    except NotStrict as error:
        return str(error)


def shown(value):
    if isinstance(value, dict):
        return {name: shown(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shown(member) for member in value]
    return (type(value), value)


def both(text):
    fast = outcome(lambda text: decode(text, brackets_max=100), text)
    assert fast == outcome(decode_slowly, text), text
    return fast


@pytest.mark.parametrize("name", sorted(HOSTILE_BODIES))
def test_hostile_bodies_fare_alike(name):
    if HOSTILE_BODIES[name].count(b"[") + HOSTILE_BODIES[name].count(b"{") <= 100:
        both(HOSTILE_BODIES[name])


def test_made_up_objects_fare_alike():
    chance = random.Random(1)
    for _ in range(3_000):
        pairs = [
            f"{json.dumps(chance.choice(WORDS), ensure_ascii=False)}: {chance.choice(VALUES)}"
            for _ in range(chance.randint(0, 5))
        ]
        text = bytearray("{" + ", ".join(pairs) + "}", "utf-8", "surrogatepass")
        if chance.random() < 0.3 and len(text) > 2:
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 2)] = bytes([chance.randrange(256)])
        both(bytes(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": "x", "b": {"c": 1, "c": 2}}',
        b'[{"a": "x", "a": "x"}]',
        b'{"a": [[{"b": 1, "b": []}]]}',
        b'{"": "", "": ""}',
    ],
)
def test_a_key_that_stands_twice_is_found_at_any_depth(text):
    assert "twice" in both(text)


def test_numbers_are_the_text_they_were():
    value = decode(
        b'{"a": 18446744073709551616, "b": [1.0, 2, [3]], "c": {"d": 4}}', brackets_max=9
    )
    assert value == {"a": "18446744073709551616", "b": ["1.0", "2", ["3"]], "c": {"d": "4"}}
    assert type(value["b"][1]) is type(value["c"]["d"]) is type(value["a"]) is NumberText

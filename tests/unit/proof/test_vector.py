"""The example that every verifier is tried on, the page's too: web/test/proof.json."""

import json
from pathlib import Path

import msgspec

from truebook.proof.branch import check, parse

VECTOR = Path(__file__).resolve().parents[3] / "web" / "test" / "proof.json"


def test_the_example_is_what_this_release_makes(alice):
    assert json.loads(VECTOR.read_bytes()) == json.loads(msgspec.json.encode(alice))


def test_the_example_proves_what_it_says():
    _, owed = check(parse(VECTOR.read_bytes()))
    assert [one.atoms for one in owed] == [100, 4]

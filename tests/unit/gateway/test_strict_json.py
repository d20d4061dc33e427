"""JSON that can be read in one way only."""

import pytest
from venue.values import HOSTILE_BODIES

from truebook.api.errors import ApiError
from truebook.api.strict_json import NumberText, decode

VALID_JSON = {"a number", "a text", "null"}


def test_numbers_stay_the_text_they_are():
    fields = decode(b'{"price": 1.0, "clientId": 42, "quantity": "1.50", "postOnly": false}')
    assert fields == {"price": "1.0", "clientId": "42", "quantity": "1.50", "postOnly": False}
    assert isinstance(fields["price"], NumberText)
    assert not isinstance(fields["quantity"], NumberText)


@pytest.mark.parametrize(
    "name", sorted(HOSTILE_BODIES.keys() - VALID_JSON - {"300 nested", "1 MB text"})
)
def test_what_is_not_strict_is_refused(name):
    with pytest.raises(ApiError) as caught:
        decode(HOSTILE_BODIES[name])
    assert caught.value.status == 400


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ApiError, match="is not a number"):
        decode(b'{"price": ' + text + b"}")


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udfff"', rb'["\ud800"]', rb'{"\udc00": 1}'])
def test_lone_surrogates_are_refused_wherever_they_stand(text):
    with pytest.raises(ApiError, match="UTF-8"):
        decode(text)


def test_a_surrogate_pair_is_a_character():
    assert decode(rb'"\ud83d\ude00"') == "\U0001f600"


def test_a_duplicate_key_is_named():
    with pytest.raises(ApiError, match="the key 'price' stands twice"):
        decode(b'{"price": 1, "quantity": 2, "price": 1}')
    assert decode(b'[{"a": 1}, {"a": 1}]') == [{"a": "1"}, {"a": "1"}]

"""What is a request, and what everything else is answered."""

import json

import pytest
from venue.values import HOSTILE, HOSTILE_BODIES

from truebook.limits import WS_SUBSCRIPTIONS_MAX
from truebook.ws.protocol import ErrorCode, InvalidRequest, done_frame, error_frame, read_request

VALID = {
    "method": '"SUBSCRIBE"',
    "params": '["a"]',
    "id": "7",
    "signature": '["a", "b", "c", "d"]',
    "after": "0",
}
ID_MAY_BE = {name for name, text in HOSTILE.items() if text[0] == '"'} | {"minus one", "minus zero"}


def request_with(**fields: str) -> bytes:
    pairs = (f'"{name}": {text}' for name, text in (VALID | fields).items())
    return f"{{{', '.join(pairs)}}}".encode()


def refusal(text: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read_request(text)
    return caught.value


def read_or_refusal(text: bytes):
    try:
        return read_request(text), None
    except InvalidRequest as error:
        return None, error


def test_a_request_is_read_field_by_field():
    request = read_request(request_with(params='["b", "a", "b"]', after="12"))
    assert request == ("SUBSCRIBE", ["b", "a"], "7", ["a", "b", "c", "d"], 12)


def test_only_method_and_params_are_needed():
    request = read_request(b'{"method": "UNSUBSCRIBE", "params": ["a"], "id": null, "more": 1}')
    assert request == ("UNSUBSCRIBE", ["a"], None, None, None)


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_what_is_no_json_object_is_malformed(name):
    error = refusal(HOSTILE_BODIES[name])
    assert (error.code, error.id) in {(ErrorCode.MALFORMED, None), (ErrorCode.UNKNOWN_METHOD, None)}


@pytest.mark.parametrize("field", ["method", "params", "signature", "after"])
def test_a_hostile_value_is_answered_with_the_fields_name(field):
    codes = {ErrorCode.MALFORMED, ErrorCode.UNKNOWN_METHOD, ErrorCode.INVALID_FIELD}
    for value, text in HOSTILE.items():
        error = refusal(request_with(**{field: text}))
        assert error.code in codes, value
        if error.code != ErrorCode.MALFORMED:
            assert error.message.startswith(f"{field}: "), value
            assert error.id == "7", value


def test_a_hostile_id_is_refused_or_given_back_as_it_was():
    for value, text in HOSTILE.items():
        request, error = read_or_refusal(request_with(id=text))
        if error is not None:
            assert error.code in {ErrorCode.MALFORMED, ErrorCode.INVALID_FIELD}, value
            assert error.id is None, value
        else:
            assert value in ID_MAY_BE
            assert json.loads(request.id) == json.loads(text)


@pytest.mark.parametrize("field", ["params", "signature"])
def test_a_hostile_stream_name_or_part_of_a_signature_is_taken_as_text_or_refused(field):
    for value in HOSTILE.keys() - {"empty"}:
        text = HOSTILE[value]
        parts = f"[{text}]" if field == "params" else f'["a", {text}, "c", "d"]'
        request, error = read_or_refusal(request_with(**{field: parts}))
        if error is not None:
            assert error.code in {ErrorCode.MALFORMED, ErrorCode.INVALID_FIELD}, value
        else:
            assert text[0] == '"', value
            assert json.loads(text) in (request.streams + (request.signature or [])), value


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ("[]", ErrorCode.INVALID_FIELD),
        ("null", ErrorCode.INVALID_FIELD),
        ('["a", 1]', ErrorCode.INVALID_FIELD),
        ('["a", ["b"]]', ErrorCode.INVALID_FIELD),
        ('[""]', ErrorCode.INVALID_STREAM),
        (json.dumps(["a" * 129]), ErrorCode.INVALID_STREAM),
        (json.dumps(["a"] * (WS_SUBSCRIPTIONS_MAX + 1)), ErrorCode.TOO_MANY),
    ],
)
def test_params_are_some_names(params, code):
    assert refusal(request_with(params=params)).code == code


@pytest.mark.parametrize("signature", ["[]", '["a"]', '["a", "b", "c", 5000]', '{"a": 1}'])
def test_a_signature_is_four_texts(signature):
    assert refusal(request_with(signature=signature)).code == ErrorCode.INVALID_FIELD


def test_a_key_that_stands_twice_is_malformed():
    assert refusal(b'{"method": "SUBSCRIBE", "method": "UNSUBSCRIBE"}').code == ErrorCode.MALFORMED


def test_answers_are_json_whatever_they_quote():
    assert json.loads(done_frame('"a\\"b"')[2:]) == {"id": 'a"b', "result": None}
    answer = json.loads(error_frame(4000, 'it says "\ud800"', "7")[2:])
    assert answer == {"id": 7, "error": {"code": 4000, "message": 'it says "\ud800"'}}

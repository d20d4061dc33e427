"""The OpenAPI document says what the code does: every route, every answer, every word."""

import inspect
import json
from typing import get_args

import jsonschema_rs
import pytest
from venue.described import Described

from truebook.api import conditions, order_payload, past
from truebook.api.admin import Administration
from truebook.api.openapi.document import OPERATIONS, SUCCESSES, document, encoded
from truebook.api.openapi.operation import SIGNED
from truebook.api.openapi.page import FILES, POLICY
from truebook.api.shapes import account, market, order, values
from truebook.feed.intervals import INTERVALS
from truebook.messages import Permission
from truebook.people.admin import STATES
from truebook.people.keys import names_of


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    made = Described(tmp_path_factory.mktemp("described"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def validator():
    """A validator of the document's schemas, by name or by their own text."""
    whole = document()
    made = {}

    def validated(schema, value):
        name = json.dumps(schema)
        if name not in made:
            schema = schema | {"components": whole["components"]}
            made[name] = jsonschema_rs.validator_for(schema)
        made[name].validate(value)

    return validated


@pytest.fixture(scope="module")
def is_as_told(validator):
    """Checks one answer of an operation against what the document says of its status."""
    whole = document()

    def check(operation, status, answer):
        assert answer.status == status, answer.body
        responses = whole["paths"][operation.path][operation.method.lower()]["responses"]
        told = responses[str(status)]
        if "$ref" in told:
            told = whole["components"]["responses"][str(status)]
        content = told.get("content", {})
        if not content:
            assert answer.body == b"", status
            return
        ((media_type, kind),) = content.items()
        assert answer.headers["content-type"].partition(";")[0] == media_type, status
        assert set(told["headers"]) <= {name.title() for name in answer.headers}, status
        if "schema" in kind:
            validator(kind["schema"], answer.json)

    return check


def test_every_route_is_described_and_every_description_has_a_route(described):
    endpoints = described.town.application.endpoints()
    handlers = {call: endpoint.__func__ for call, endpoint in endpoints.items()}
    table = {(operation.method, operation.path): operation.handler for operation in OPERATIONS}
    assert len(table) == len(OPERATIONS)
    assert handlers == table


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert [operation.path for operation in OPERATIONS if not operation.says] == []
    for operation in OPERATIONS:
        assert bool(operation.instruction) == (operation.access in SIGNED)


def test_the_instruction_that_is_named_is_the_one_that_the_code_looks_for():
    for operation in OPERATIONS:
        text = operation.says
        if "`)" in text:
            assert text.endswith(f"(`{operation.instruction}`).")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_that_is_described_can_be_had(described, is_as_told, operation):
    for status in sorted(operation.failures | operation.answers.keys()):
        is_as_told(operation, status, described.provoke(operation, status))


def test_the_document_is_openapi_3_1_and_as_it_is_served(described):
    served = described.town.browser().send("GET", "/openapi.json")
    assert served.body == encoded()
    assert served.json["openapi"] == "3.1.0"
    references = set(_references(served.json))
    assert references
    for reference in references:
        part = served.json
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    for schema in served.json["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator(schema | {"components": served.json["components"]})


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def test_the_examples_are_of_the_shape_that_is_described(validator):
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        path = document([operation])["paths"][operation.path]
        content = path[operation.method.lower()]["requestBody"]["content"]["application/json"]
        validator(content["schema"], content["example"])


def test_the_words_of_the_shapes_are_the_words_of_the_code():
    fields = inspect.get_annotations(order.PlaceOrder)
    assert set(get_args(values.Side)) == order_payload.SIDES.keys()
    assert set(get_args(fields["orderType"])) == order_payload.ORDER_TYPES.keys()
    assert set(get_args(values.TimeInForce)) == order_payload.TIMES_IN_FORCE.keys()
    assert set(get_args(values.SelfTradePrevention)) == order_payload.SELF_TRADES.keys()
    assert set(_words(fields["kind"])) == order_payload.KINDS.keys()
    assert set(_words(fields["slippageToleranceType"])) == conditions.SLIPPAGES.keys()
    known = {name for name, is_known in conditions.TRIGGER_BY.items() if is_known}
    assert set(_words(fields["triggerBy"])) == known
    assert set(get_args(market.KlineInterval)) == INTERVALS.keys()
    assert set(get_args(account.FillType)) == past.FILL_TYPES.keys()
    assert set(get_args(values.MarketState)) == STATES.keys()
    assert list(get_args(values.Permission)) == names_of(Permission(15))


def _words(kind):
    """The texts of a Literal, however deep it stands."""
    if isinstance(kind, str):
        return [kind]
    return [word for part in get_args(kind) for word in _words(part)]


def test_the_page_is_served_by_us_and_may_load_nothing_from_elsewhere(described):
    browser = described.town.browser()
    for path in FILES:
        answer = browser.send("GET", path)
        assert answer.status == 200
        assert answer.headers["content-security-policy"] == POLICY
        assert b"http://" not in answer.body
        assert b"https://" not in answer.body
    assert "'unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_the_page_shows_texts_as_texts(described):
    script = described.town.browser().send("GET", "/docs/page.js").body
    for word in (b"innerHTML", b"insertAdjacentHTML", b"document.write", b"eval("):
        assert word not in script


def test_an_area_has_its_words(described):
    tags = {tag["name"] for tag in json.loads(encoded())["tags"]}
    assert tags == {operation.area for operation in OPERATIONS}
    assert Administration.__name__ in tags
    assert {200, 202, 204} == SUCCESSES.keys()

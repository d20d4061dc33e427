"""The value list in every numeric field of every operation that may change something."""

import json
import re

import pytest
from venue.described import Described
from venue.values import HOSTILE

from truebook.api.openapi.document import OPERATIONS, document
from truebook.api.shapes.values import AmountText

DECIMAL = AmountText.__metadata__[0].pattern
OPAQUE = {("post_capital_withdrawals", "clientId")}
"""A text of the client's own, which may also be written as a number."""
UNREADABLE = {
    "NaN",
    "Infinity",
    "minus Infinity",
    "leading zeros as number",
    "NUL",
    "lone surrogate",
}
"""These are no JSON, or no text: the error can't name the field, it names the reason."""


def numeric_fields():
    """Each numeric field of a body, with its operation."""
    whole = document()
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        described = whole["paths"][operation.path][operation.method.lower()]["requestBody"]
        schema = described["content"]["application/json"]["schema"]
        reference = schema.get("items", schema).get("$ref", "")
        fields = whole["components"]["schemas"].get(reference.rpartition("/")[2], {})
        for name, kind in fields.get("properties", {}).items():
            if _is_numeric(kind) and (operation.name, name) not in OPAQUE:
                yield pytest.param(operation, name, id=f"{operation.name}-{name}")


def _is_numeric(kind):
    parts = [kind, *kind.get("anyOf", ())]
    return any(
        part.get("type") in ("number", "integer") or part.get("pattern") == DECIMAL
        for part in parts
    )


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    made = Described(tmp_path_factory.mktemp("values"))
    yield made
    made.close()


def body_with(example, name, text):
    """The example with one field of that JSON text; of a batch its first order."""
    fields = example[0] if isinstance(example, list) else example
    if "trigger" in name:
        fields = fields | {"triggerPrice": "95", "triggerQuantity": "1", "quantity": None}
    if "slippage" in name or name == "quoteQuantity":
        fields = {part: fields[part] for part in ("symbol", "side")} | {
            "orderType": "Market",
            "slippageToleranceType": "Percent" if "slippage" in name else None,
            "quantity": "1" if "slippage" in name else None,
        }
    if name in ("clientId", "orderId"):
        fields = {part: value for part, value in fields.items() if part != "orderId"}
    rest = {part: value for part, value in fields.items() if part != name and value is not None}
    body = f'{json.dumps(rest)[:-1]}, "{name}": {text}}}'.replace("{, ", "{")
    return f"[{body}]" if isinstance(example, list) else body


def is_named(name, message):
    """Whether a message about a plan names its field as the configuration does."""
    return re.sub(r"([A-Z])", r"_\1", name).lower() in message


@pytest.mark.parametrize(("operation", "name"), list(numeric_fields()))
def test_a_hostile_number_is_refused_by_name_and_changes_nothing(described, operation, name):
    before = described.town.exchange.engine.state_hash()
    for word, text in HOSTILE.items():
        if operation.name == "delete_order" and word == "2^63-1":
            continue  # it could be an order
        if name in ("makerFee", "takerFee") and "minus one" in word:
            continue  # a rebate
        body = body_with(operation.example, name, text)
        answer = described.sign_and_send(operation, "", body.encode())
        if isinstance(operation.example, list) and answer.status == 200:
            (told,) = answer.json
            assert told["operation"] == "Err", (word, told)
        else:
            absent = 404 if name in ("accountId", "withdrawalId") else 400  # a number of nobody
            assert answer.status in (400, absent), (word, answer)
            told = answer.json
        if word not in UNREADABLE and told["code"] != "RESOURCE_NOT_FOUND":
            assert told["field"] == name or is_named(name, told["message"]), (word, told)
    assert described.town.exchange.engine.state_hash() == before

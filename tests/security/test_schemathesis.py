"""Requests made from the OpenAPI document, right and wrong: what is answered is described.

No answer may be a 5xx, of an undocumented status, of another type or another shape than described.
"""

import contextlib
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from venue.browser import ORIGIN
from venue.described import Described

from truebook.api.openapi.document import OPERATIONS, document

EXAMPLES, EXAMPLES_AT_NIGHT = 3, 100
"""Right ones, and as many wrong ones."""
DOCUMENT = document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
LIMITS = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ASKED = [
    operation
    for operation in OPERATIONS
    if operation.area != "Stubs" and (operation.query is not None or operation.body is not None)
]
"""Without a query or a body there is nothing to make up, and stubs always answer the same."""


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    made = Described(tmp_path_factory.mktemp("schemathesis"))
    yield made
    made.close()


def validators():
    """For each answer with a shape, what checks it."""
    made = {}
    for operation in ASKED:
        responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
        for status, told in responses.items():
            whole = DOCUMENT["components"]["responses"][status] if "$ref" in told else told
            for kind in whole.get("content", {}).values():
                schema = kind["schema"] | {"components": DOCUMENT["components"]}
                key = "failure" if "$ref" in told else (operation.name, int(status))
                if key not in made:
                    made[key] = jsonschema_rs.validator_for(schema)
    return made


VALIDATORS = validators()


@pytest.mark.parametrize(
    "examples", [EXAMPLES, pytest.param(EXAMPLES_AT_NIGHT, marks=pytest.mark.night)]
)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", ASKED, ids=lambda operation: operation.name)
def test_every_answer_is_a_described_one(described, operation, mode, examples):
    strategy = SCHEMA[operation.path][operation.method].as_strategy(generation_mode=mode)

    @settings(LIMITS, max_examples=examples)
    @given(case=strategy)
    def ask(case):
        sent = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN))
        sent.cookies = None
        with contextlib.suppress(UnicodeError, requests.RequestException, ValueError):
            prepared = sent.prepare()
            body = prepared.body or b""
            body = body.encode() if isinstance(body, str) else body
            check(described.sign_and_send(operation, urlsplit(prepared.url).query, body))

    def check(answer):
        assert answer.status < 500, answer
        assert answer.status in operation.answers.keys() | operation.failures, answer
        key = (operation.name, answer.status) if answer.status < 300 else "failure"
        if key in VALIDATORS:
            VALIDATORS[key].validate(answer.json)
        else:
            assert answer.body == b""

    ask()

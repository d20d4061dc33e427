"""The worked signature of docs/http.md is right, and a gateway takes it."""

import base64
import json
import re

from nacl.signing import SigningKey
from rules.source_tree import ROOT
from venue.asgi import Client
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.clock import ManualClock

TEXT = (ROOT / "docs" / "http.md").read_text().partition("### A worked signature")[2]


def test_the_worked_signature_is_taken_as_it_stands():
    headers = dict(re.findall(r"^(X-[A-Za-z-]+): (\S+)$", TEXT, re.MULTILINE))
    body = re.search(r"```json\n(.*)\n```", TEXT)[1]
    signed = re.search(r"^instruction=.*$", TEXT, re.MULTILINE)[0]
    exchange = LocalExchange()
    key = SigningKey(bytes(range(32)))
    assert key.verify_key.verify(signed.encode(), base64.b64decode(headers["X-Signature"]))
    exchange.open_account("reader of the docs", {"USDC": "1000"}, key=key)
    clock = ManualClock(int(headers["X-Timestamp"]))
    with history_of(exchange) as history:
        client = Client(Application(exchange, history, clock=clock))
        answer = client.raw("POST", "/api/v1/order", body=body.encode(), headers=headers)
    assert answer.status == 200, answer.body
    assert (answer.json["clientId"], answer.json["status"]) == (json.loads(body)["clientId"], "New")


def test_the_signature_of_the_logon_is_right():
    text = (ROOT / "docs" / "protocol.md").read_text().partition("## Logging on")[2]
    signed, signature = re.findall(r"```\n(.*)\n```", text)[:2]
    key = SigningKey(bytes(range(32)))
    assert key.verify_key.verify(signed.encode(), base64.b64decode(signature))

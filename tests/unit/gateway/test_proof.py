"""What a gateway tells of proofs, and of whether the engines are what the log says."""

import asyncio
import json
from dataclasses import dataclass, field

import msgspec
import pytest
from nacl.signing import SigningKey
from venue.asgi import Client
from venue.browser import Town
from venue.database import history_of
from venue.local import LocalExchange
from venue.proved import prove

from truebook import commands
from truebook.api.app import Application
from truebook.api.integrity import VERDICT_MS, without_values
from truebook.api.observing import Observer
from truebook.clock import ManualClock
from truebook.commandlog.attestations import Attested, sign
from truebook.commandlog.halts import Halt, MemoryHaltBook, Standing
from truebook.commandlog.interface import LogUnavailable, Position
from truebook.commandlog.memory import MemoryBusServer
from truebook.commandlog.memory_attestations import MemoryAttestations
from truebook.faults import Fault
from truebook.messages import Permission
from truebook.proof.branch import check, parse
from truebook.queries import Answer


@pytest.fixture
def gateway(exchange, tmp_path):
    with history_of(exchange) as history:
        yield Application(exchange, history, proofs=tmp_path / "proofs")


@pytest.fixture
def carol(exchange, gateway):
    return Client(gateway, exchange.open_account("carol", {"USDC": "250", "SOL": "3"}))


def test_while_no_proof_was_made_there_is_none(gateway, carol, public):
    for client, path in ((Client(gateway), "/api/v1/proof/root"), (carol, "/api/v1/proof")):
        answer = client.call("GET", path)
        assert (answer.status, answer.json["code"]) == (404, "RESOURCE_NOT_FOUND")
        assert answer.json["message"] == "No proof of liabilities was made yet"
    assert public.call("GET", "/api/v1/proof/root").status == 404


def test_an_account_is_given_what_it_can_check_itself(exchange, gateway, carol, tmp_path):
    made = prove(exchange, tmp_path)
    answer = carol.call("GET", "/api/v1/proof")
    statement, owed = check(parse(answer.body))
    assert statement == made.statement
    assert {one.asset.symbol: one.atoms for one in owed} == {"USDC": 250 * 10**6, "SOL": 3 * 10**9}
    assert answer.json["name"] == "carol"
    assert answer.headers["cache-control"] == "no-store"
    root = Client(gateway).call("GET", "/api/v1/proof/root").json
    assert root["root"] == answer.json["root"]
    assert root["totals"] == {"USDC": "250", "SOL": "3", "BTC": "0", "ETH": "0"}
    assert (root["signer"], root["trusted"]) == ("engine-1", True)


def test_a_branch_tells_nobody_elses_name_or_number(exchange, gateway, carol, tmp_path):
    exchange.open_account("victor", {"USDC": "1"})
    prove(exchange, tmp_path)
    text = carol.call("GET", "/api/v1/proof").body.decode()
    assert "victor" not in text
    (branch, _) = json.loads(text)["branches"]
    assert {key for step in branch["path"] for key in step} == {"hash", "sum"}


def test_an_earlier_proof_is_given_while_it_is_kept(exchange, gateway, carol, tmp_path):
    made = [prove(exchange, tmp_path, keep=2)]
    for amount in ("1", "2"):
        exchange.open_account(f"dave-{amount}", {"USDC": amount})
        made.append(prove(exchange, tmp_path, keep=2))
    first, second, third = (str(one.statement.position) for one in made)

    def totals(client, path, position):
        answer = client.call("GET", path, {"position": position})
        return answer.status, answer.json.get("message", "")

    for path, client in (("/api/v1/proof", carol), ("/api/v1/proof/root", Client(gateway))):
        assert [totals(client, path, p)[0] for p in (second, third)] == [200, 200]
        assert totals(client, path, "9-9")[0] == 404
        malformed = client.call("GET", path, {"position": "x"})
        assert (malformed.status, malformed.json["field"]) == (400, "position")
    status, message = totals(carol, "/api/v1/proof", first)
    assert (status, message) == (404, f"No proof of liabilities is kept at {first}")
    root = Client(gateway).call("GET", "/api/v1/proof/root", {"position": first})
    assert root.json["root"] == made[0].text  # what was signed is kept for good


def test_who_has_nothing_is_told_so(exchange, gateway, tmp_path):
    poor = Client(gateway, exchange.open_account("poor", {}))
    prove(exchange, tmp_path)
    told = poor.call("GET", "/api/v1/proof").json
    assert (told["name"], told["branches"]) == ("poor", [])


def test_a_proof_is_for_who_may_read_the_account(exchange, gateway, tmp_path):
    prove(exchange, tmp_path)
    trader = Client(gateway, exchange.open_account("trader", {}, Permission.TRADE))
    assert trader.call("GET", "/api/v1/proof").status == 403
    assert Client(gateway).raw("GET", "/api/v1/proof").status == 401


def test_a_session_is_given_its_own_proof(tmp_path):
    town = Town(tmp_path, accounts={"faucet": "USDC=10"})
    try:
        person, other = town.signed_up("person"), town.signed_up("other")
        prove(town.exchange, tmp_path)
        told = [one.call("GET", "/api/v1/proof").json for one in (person, other)]
        assert [one["name"] for one in told] == ["person", "other"]
        for one in told:
            check(parse(msgspec.json.encode(one)))
        assert town.browser().call("GET", "/api/v1/proof").status == 401
    finally:
        town.close()


def test_a_damaged_tree_gives_no_branch(exchange, gateway, carol, tmp_path):
    made = prove(exchange, tmp_path)
    (tree,) = (tmp_path / "proofs" / "trees").iterdir()
    data = bytearray(tree.read_bytes())
    data[data.index(made.trees[0].entries["salt"][0].tobytes())] ^= 1
    tree.write_bytes(data)
    answer = carol.call("GET", "/api/v1/proof")
    assert (answer.status, answer.json["code"]) == (500, "SERVER_ERROR")
    assert "tree" not in answer.json["message"]


def test_a_key_that_the_log_trusts_no_more_is_told(exchange, gateway, tmp_path):
    made = prove(exchange, tmp_path)
    key = made.statement.key
    exchange.apply(commands.set_attester(slot=0, public_key=key, name="engine-1", trusted=False))
    assert Client(gateway).call("GET", "/api/v1/proof/root").json["trusted"] is False


# integrity


@dataclass
class Surroundings:
    """Engines, a witness and a halt book that say what a test wants."""

    engines: list[Answer] = field(default_factory=list)
    roles: list[Answer] = field(default_factory=list)
    end_ms: int = 5_000
    is_away: bool = False
    asked: int = 0
    bus: MemoryBusServer = field(default_factory=MemoryBusServer)
    book: MemoryHaltBook = field(default_factory=MemoryHaltBook)

    async def log_end(self):
        if self.is_away:
            raise LogUnavailable("away")
        return Position(self.end_ms, 0)

    async def ask_all(self, kind, wait_ms):
        self.asked += 1
        return self.engines if kind == "status" else self.roles


@pytest.fixture
def clock():
    return ManualClock(10_000_000)


@pytest.fixture
def seen():
    seen = Surroundings()
    status = {"engine": "engine-1", "stateHash": "ab" * 16, "active": True, "halted": ""}
    standby = status | {"engine": "engine-2", "active": False}
    seen.engines = [Answer(1, "4990-0", status=standby), Answer(1, "5000-0", status=status)]
    witness = {"role": "witness", "position": "4990-0", "stateHash": "ab" * 16, "verdicts": 0}
    seen.roles = [Answer(1, "0-0", status={"role": "feed"}), Answer(1, "4990-0", status=witness)]
    return seen


@pytest.fixture
def look(seen, clock):
    exchange = LocalExchange()
    key = SigningKey(bytes(32))
    exchange.apply(
        commands.set_attester(
            slot=3, public_key=bytes(key.verify_key), name="engine-1", trusted=True
        )
    )
    seen.key = key
    stream = MemoryAttestations(seen.bus)
    with history_of(exchange) as history:
        observer = Observer(seen, stream, seen.book)
        application = Application(exchange, history, clock=clock, observer=observer)

        def look():
            clock.advance(3)
            return Client(application).raw("GET", "/api/v1/integrity").json

        look.application = application
        yield look


def attest(seen, position, key=None, fault=None):
    of = Attested(Position(position, 0), 9, 7, b"c" * 32, b"e" * 32, b"s" * 16)
    MemoryAttestations(seen.bus).add(sign(key or seen.key, of, fault))


def test_engines_tell_where_they_are_and_what_they_signed_last(seen, look):
    attest(seen, 4_800)
    attest(seen, 4_900)
    attest(seen, 4_950, fault=Fault("balance of account 7", "1", "2"))
    attest(seen, 4_960, key=SigningKey(b"x" * 32))
    seen.bus.attestations.append(b"no attestation")
    told = look()
    assert told["state"] == "Agreed"
    assert [engine["name"] for engine in told["engines"]] == ["engine-1", "engine-2"]
    first, second = told["engines"]
    assert first["attested"] == {"position": "4900-0", "timeMs": 7, "stateHash": "73" * 16}
    assert (first["lagMs"], first["publishes"]) == (0, True)
    assert (second["lagMs"], second["publishes"], second["attested"]) == (10, False, None)
    assert told["witness"]["position"] == "4990-0"
    assert told["verdict"] is None


def test_without_a_witness_nobody_is_said_to_agree(seen, look):
    seen.roles.clear()
    told = look()
    assert (told["state"], told["witness"]) == ("Alone", None)
    seen.engines.clear()
    assert look()["state"] == "Unknown"


def test_a_halt_stands_until_it_is_over(seen, look):
    what = "balance of account 7 in asset 1: available 500, not available 300; its events are wrong"
    seen.book.write(Standing(Halt("engine-1", "40-0", "", "50-0", what, 9)))
    told = look()
    assert told["state"] == "Halted"
    assert told["verdict"] == {
        "engine": "engine-1",
        "agreed": "40-0",
        "first": "50-0",
        "what": "balance of account 7 in asset 1; its events are wrong",
        "atMs": 9,
        "halts": True,
    }
    seen.book.write(Standing())
    assert look()["state"] == "Agreed"


def test_a_verdict_is_news_for_an_hour(seen, look, clock):
    seen.roles[1].status.update(
        verdictEngine="engine-2",
        verdictAgreed="40-0",
        verdictFirst="50-0",
        verdictWhat="order 3: price 5, not price 6",
        verdictAtMs=clock.now_ms(),
        verdicts=1,
    )
    told = look()
    assert (told["state"], told["verdict"]["what"]) == ("Wrong", "order 3")
    assert told["verdict"]["halts"] is False
    clock.advance(VERDICT_MS / 1000)
    told = look()
    assert (told["state"], told["verdict"]["engine"]) == ("Agreed", "engine-2")


def test_however_many_ask_the_exchange_is_looked_at_once(seen, look):
    look()
    asked = seen.asked
    for _ in range(5):
        Client(look.application).raw("GET", "/api/v1/integrity")
    assert seen.asked == asked

    async def together():
        calls = [Client(look.application).sent("GET", "/api/v1/integrity") for _ in range(5)]
        return await asyncio.gather(*calls)

    assert len({answer.body for answer in asyncio.run(together())}) == 1


def test_without_a_log_nothing_is_known(seen, look):
    seen.is_away = True
    assert look()["code"] == "MAINTENANCE"
    seen.is_away = False
    seen.bus.is_up = False
    assert [engine["attested"] for engine in look()["engines"]] == [None, None]


def test_words_for_everybody_have_no_values():
    words = "its state is another; balance of account 7 in asset 1: available 5, not available 3"
    assert without_values(words) == "its state is another; balance of account 7 in asset 1"

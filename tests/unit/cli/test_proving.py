"""`truebook proof verify`: with a file and nothing else."""

import json
from pathlib import Path

import pytest

from truebook.cli.app import app
from truebook.config import UserError
from truebook.proof.statement import digest_of

VECTOR = Path(__file__).resolve().parents[3] / "web" / "test" / "proof.json"
PROOF = json.loads(VECTOR.read_bytes())
DIGEST = digest_of(PROOF["root"])
KEY = PROOF["root"].split()[PROOF["root"].split().index("signer") + 1]


def verify(capsys, *arguments):
    status = app(["proof", "verify", *map(str, arguments)], result_action="return_value")
    return status, capsys.readouterr().out


def test_a_right_proof_is_told_with_what_it_proves(capsys):
    status, said = verify(capsys, VECTOR, "--json")
    assert status == 0
    told = json.loads(said)
    assert told["proved"] is True
    assert told["owed"] == {"USDC": "0.0001", "SOL": "0.000000004"}
    assert told["totals"] == {"USDC": "0.000114", "SOL": "0.000000007", "BTC": "0"}
    assert (told["name"], told["signer"], told["root"]) == ("alice", "engine-1", DIGEST)
    status, said = verify(capsys, VECTOR)
    assert status == 0
    assert "owed       0.0001 USDC, 0.000000004 SOL" in said


def test_the_root_of_somebody_else_must_be_the_same(capsys, tmp_path):
    (tmp_path / "root.txt").write_text(PROOF["root"])
    assert verify(capsys, VECTOR, "--root", DIGEST, "--key", KEY)[0] == 0
    assert verify(capsys, VECTOR, "--root", tmp_path / "root.txt")[0] == 0
    (tmp_path / "root.txt").write_text(PROOF["root"] + "\n")
    for arguments in (
        ("--root", "0" * 64),
        ("--root", tmp_path / "root.txt"),
        ("--key", "0" * 64),
    ):
        status, said = verify(capsys, VECTOR, *arguments)
        assert status == 1
        assert said.startswith("not proved: its root is ")
    with pytest.raises(UserError, match="can't read"):
        verify(capsys, VECTOR, "--root", tmp_path / "absent.txt")


def test_what_is_wrong_is_said(capsys, tmp_path):
    file = tmp_path / "proof.json"
    for changed, why in (
        (PROOF | {"accountId": 2}, "USDC: the way up ends at"),
        (PROOF | {"branches": []}, "nothing is owed to account 1 by this proof"),
        (PROOF | {"more": 1}, "unknown field `more`"),
        (PROOF | {"root": ""}, "the root: it doesn't begin"),
    ):
        file.write_text(json.dumps(changed))
        status, said = verify(capsys, file, "--json")
        assert status == 1
        assert json.loads(said)["proved"] is False
        assert why in json.loads(said)["reason"]

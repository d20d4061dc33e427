"""Every example of a client runs as it stands against a real exchange."""

import runpy

import pytest
from rules.source_tree import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("with_*.py"))
NEEDED = {"with_requests", "with_ccxt", "with_ccxt_async", "with_ccxt_pro", "with_bpx"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(venue, account, example, monkeypatch, capsys):
    credentials = account(USDC="10000")
    monkeypatch.setenv("API_URL", venue.url)
    monkeypatch.setenv("WS_URL", venue.ws_url)
    monkeypatch.setenv("API_KEY", credentials.api_key)
    monkeypatch.setenv("API_SECRET", credentials.api_secret)
    # In this process, which has its client already: importing ccxt takes seconds.
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_every_client_has_an_example_and_every_example_its_place_in_the_docs():
    documentation = (ROOT / "docs" / "clients.md").read_text()
    assert {path.stem for path in EXAMPLES} >= NEEDED
    assert [path.name for path in EXAMPLES if path.name not in documentation] == []


def test_nothing_in_the_package_knows_of_a_client():
    clients = ("ccxt", "bpx", "backpack_exchange_sdk")
    package = ROOT / "src" / "truebook"
    imports = [
        f"{path.name}: {line}"
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if line.lstrip().startswith(("import ", "from "))
        and line.split()[1].split(".")[0] in clients
    ]
    assert imports == []

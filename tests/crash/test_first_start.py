"""The first start on a machine, which has to compile the engine."""

import re

import pytest
from venue.installed import installed


@pytest.mark.night
def test_the_first_start_says_that_it_compiles_and_for_how_long(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEBOOK_CACHE", str(tmp_path / "cache"))
    with installed(tmp_path / "data", "--no-bots") as exchange:
        lines = exchange.said()
    assert "compiling the engine, first start only, about 60 s …\n" in lines
    assert re.search(r"compiling the engine, first start only, about 60 s … 10 s\n", lines)
    with installed(tmp_path / "data", "--no-bots") as exchange:
        assert "compiling" not in exchange.said()

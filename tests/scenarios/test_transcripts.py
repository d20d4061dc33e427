"""Every engine tells what the transcripts say (README.md)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from model.engines import CANDIDATES, naive
from scenarios.script import Script
from scenarios.telling import Telling, show

from truebook.engine.interface import Engine

FILES = sorted(Path(__file__).parent.rglob("*.txt"))
ENGINES = {"naive": naive, **CANDIDATES}
REWRITE = os.environ.get("TRUEBOOK_REWRITE") == "1"


def replay(lines: list[str], engine: Engine) -> Iterator[str]:
    """Yield the transcript as this engine tells it."""
    script = Script()
    telling = Telling(script)
    engine.apply(script.founding())
    for line in lines:
        if line.startswith("#") and not line[1:2].isdigit():
            yield line
        elif not line.strip():
            yield ""
        elif line.startswith("> "):
            yield line
            yield from answer(script, telling, engine, line[2:])


def answer(script: Script, telling: Telling, engine: Engine, sentence: str) -> Iterator[str]:
    """Yield what follows one sentence."""
    if sentence.startswith("show "):
        yield from show(script, engine, sentence.removeprefix("show "))
    else:
        yield from telling.lines(engine.apply(script.entry_of(sentence)))


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_transcript_is_told(file: Path, name: str) -> None:
    lines = file.read_text().splitlines()
    told = list(replay(lines, ENGINES[name]()))
    if REWRITE and name == "naive":
        file.write_text("\n".join(told) + "\n")
        return
    assert told == lines


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 30

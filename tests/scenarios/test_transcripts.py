"""Every engine tells what the transcripts say (README.md)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model.engines import CANDIDATES, naive
from scenarios.script import Script
from scenarios.telling import Telling, show

from truebook.engine.interface import Engine

FILES = sorted(Path(__file__).parent.rglob("*.txt"))
ENGINES = {"naive": naive, **CANDIDATES}
REPLAY = "another engine reads the log from the beginning and goes on"
REWRITE = os.environ.get("TRUEBOOK_REWRITE") == "1"


def replay(lines: list[str], new_engine: Callable[[], Engine]) -> Iterator[str]:
    """Yield the transcript as this kind of engine tells it."""
    script = Script()
    telling = Telling(script)
    engine = new_engine()
    log = [script.founding()]
    engine.apply(log[0])
    for line in lines:
        sentence = line.removeprefix("> ")
        if line.startswith("#") and not line[1:2].isdigit():
            yield line
        elif not line.strip():
            yield ""
        elif sentence != line:
            yield line
            if sentence == REPLAY:
                engine, last = replayed(log, new_engine), engine
                yield f"the state hash is {'the same' if agree(engine, last) else 'ANOTHER'}"
            elif sentence.startswith("show "):
                yield from show(script, engine, sentence.removeprefix("show "))
            else:
                log.append(script.entry_of(sentence))
                yield from telling.lines(engine.apply(log[-1]))


def replayed(log: list[bytes], new_engine: Callable[[], Engine]) -> Engine:
    """Return another engine that has read the same log from its beginning."""
    engine = new_engine()
    for entry in log:
        engine.apply(entry)
    return engine


def agree(one: Engine, other: Engine) -> bool:
    """Tell whether two engines are in the same state."""
    return one.state_hash() == other.state_hash()


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_transcript_is_told(file: Path, name: str) -> None:
    lines = file.read_text().splitlines()
    told = list(replay(lines, ENGINES[name]))
    if REWRITE and name == "naive":
        file.write_text("\n".join(told) + "\n")
        return
    assert told == lines


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 30

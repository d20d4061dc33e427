"""What holds for the compiled kernel beside its rules."""

import numba
import numpy as np
import pytest

from truebook.bench.venue import funded_engine
from truebook.engine import compiled
from truebook.engine.fast import FastEngine
from truebook.engine.matching import match


def test_the_kernel_counts_no_references():
    # Code that came from the cache can't be inspected, so a part is compiled here.
    @numba.njit("boolean(int64)", error_model="numpy")
    def matching_alone(state):
        return match(state)

    code = "".join(matching_alone.inspect_llvm().values())
    assert "NRT_incref" not in code
    assert "NRT_decref" not in code


def test_the_cache_of_compiled_code_depends_on_every_source_of_the_engine(tmp_path, monkeypatch):
    before = compiled.cache_folder()
    sources = {path: path.read_bytes() for path in compiled.sources()}
    names = {path.name for path in sources}
    assert {"matching.py", "layout.py", "events.py", "kinds.py"} <= names
    changed = tmp_path / "matching.py"
    changed.write_bytes(b"# changed\n")
    monkeypatch.setattr(compiled, "sources", lambda: [*sources, changed])
    assert compiled.cache_folder() != before


def test_records_that_are_no_whole_number_are_the_callers_bug():
    with pytest.raises(ValueError, match="no multiple of 64"):
        FastEngine().apply(b"\0" * 65)


def test_an_event_buffer_too_small_for_one_step_is_refused():
    with pytest.raises(ValueError, match="event_rows"):
        FastEngine(event_rows=7)


def test_depth_can_be_cut_and_is_best_first():
    engine = funded_engine(1)
    bids, asks = engine.depth(0)
    assert bids.shape == asks.shape == (0, 2)
    assert bids.dtype == np.int64


def test_two_engines_share_nothing():
    first, second = FastEngine(), funded_engine(1)
    assert first.state_hash() != second.state_hash()
    assert first.counts()["accounts"] == 1
    assert second.counts()["accounts"] == 1001

"""Making an engine: the compiled one, or its plain twin for looking at a bug.

Here and in what runs an engine, nowhere else, the compiler is loaded.
"""

from collections.abc import Callable
from typing import Literal

from truebook.engine.interface import Engine

COMPILE_S = 60


def make_engine(kind: Literal["fast", "naive"], tell: Callable[[str], None]) -> Engine:
    """A new engine; `tell` hears what takes its time: compiling, on the first start."""
    if kind == "naive":
        from truebook.engine.naive.engine import NaiveEngine

        return NaiveEngine()
    from truebook.engine.compiled import is_cached

    if is_cached():
        tell("starting the engine")
    else:
        tell(f"compiling the engine, first start only, about {COMPILE_S} s")
    from truebook.engine.fast import FastEngine

    return FastEngine()

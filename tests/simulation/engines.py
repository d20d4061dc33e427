"""Engines at the seam between the node and them: an engine that may be killed around a batch."""


class KillableEngine:
    """An engine that keeps engine/interface.py; the process passes a named point before and after
    each batch."""

    def __init__(self, process, make_engine):
        self._process = process
        self.inner = make_engine()

    def apply(self, records):
        self._process.pass_point("engine: before applying")
        applied = self.inner.apply(records)
        self._process.pass_point("engine: after applying")
        return applied

    def __getattr__(self, name):
        return getattr(self.inner, name)

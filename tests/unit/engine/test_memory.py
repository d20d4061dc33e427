"""An engine's memory is there, whatever the system knows of large pages."""

import mmap

from truebook.engine import memory as module
from truebook.engine.memory import Memory


class Refusing(mmap.mmap):
    """As of a kernel that was built without large pages."""

    def madvise(self, *_):
        raise OSError(22, "Invalid argument")


def test_memory_is_there_where_the_system_refuses_large_pages(monkeypatch):
    monkeypatch.setattr(module.mmap, "mmap", Refusing)
    assert Memory().pool("meta")[0]["markets"] == 0

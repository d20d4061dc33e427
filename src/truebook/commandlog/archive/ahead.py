"""Reading the next segment while the one before is at work.

Promise: `take` gives what `read` would have given just then, or raises what it would have raised;
one segment is read ahead at a time. Why a thread: to unpack and to check a segment is nearly all of
the work, and the libraries that do it leave the interpreter to others meanwhile. It costs the
memory of a second segment.

The interpreter changes hands ten times as often as usual meanwhile: what unpacks asks for it each
time that its output grows, and by the usual 5 ms it waited longer than it worked.
"""

import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_USUAL_S = sys.getswitchinterval()
_MEANWHILE_S = _USUAL_S / 10


class Ahead(Generic[T]):
    """One reader's next segment."""

    def __init__(self, read: Callable[[str], T]) -> None:
        """`read` reads a segment by its name; called in another thread, too."""
        self._read = read
        self._name = ""
        self._thread: threading.Thread | None = None
        self._found: list[T | BaseException] = []

    def begin(self, name: str) -> None:
        """Read that segment, which is likely to be asked for next. Not while one is under way."""
        if self._thread is None:
            self._name, self._found = name, []
            self._thread = threading.Thread(target=self._work, daemon=True, name="ahead")
            self._thread.start()
            sys.setswitchinterval(_MEANWHILE_S)

    def take(self, name: str) -> T:
        """A segment, read by now or at once. Raises what `read` raises."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
            sys.setswitchinterval(_USUAL_S)
        if thread is None or self._name != name:
            return self._read(name)
        (found,), self._found = self._found, []
        if isinstance(found, BaseException):
            raise found
        return found

    def _work(self) -> None:
        try:
            self._found.append(self._read(self._name))
        except BaseException as error:  # for whoever takes it
            self._found.append(error)

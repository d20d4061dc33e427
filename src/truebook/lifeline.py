"""What ties a process to the supervisor that started it: one socket.

Promise: a process that watches its lifeline ends at once when its supervisor has ended, however
that came about, kill -9 included: the kernel closes the other end. Ending at once does no harm, as
everything that was acknowledged is in the log.

The process in turn says what it is doing: a line of text while it starts, `SERVING` when it does
its work. A process that nobody supervises has no lifeline, and says all this to nobody.
"""

import contextlib
import os
import threading

VARIABLE = "TRUEBOOK_LIFELINE"
"""In the environment of a child: the number of the socket's descriptor."""

SERVING = "serving"


class Lifeline:
    """The child's end."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def from_environment(cls) -> "Lifeline":
        """The lifeline this process was started with, watched from now on, if there is one."""
        text = os.environ.pop(VARIABLE, "")
        if not text:
            return cls(None)
        os.set_inheritable(int(text), False)
        threading.Thread(target=_end_with, args=(int(text),), daemon=True, name="lifeline").start()
        return cls(int(text))

    @property
    def is_tied(self) -> bool:
        """Whether a supervisor started this process."""
        return self._descriptor is not None

    def say(self, text: str) -> None:
        """Tell the supervisor what this process is doing."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, f"{text}\n".encode())

    def serving(self) -> None:
        """Tell the supervisor that this process now does its work."""
        self.say(SERVING)


def _end_with(descriptor: int) -> None:
    """Wait for the supervisor's end, then end this process, whatever its other threads do."""
    with contextlib.suppress(OSError):
        while os.read(descriptor, 256):
            pass
    os._exit(1)

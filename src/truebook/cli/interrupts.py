"""What Ctrl-C does to a command.

As an exception an interrupt could come while C code imports something or a callback runs, which
may drop it: the command would go on as if nobody had asked it to stop. So until a command itself
runs, an interrupt ends the process, as it does with any program that doesn't know it.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_at_once() -> Iterator[None]:
    """As long as this lasts an interrupt ends the process, unless it is handled in its own way."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)

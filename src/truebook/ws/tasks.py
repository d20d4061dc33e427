"""The server's own background tasks: none of them fails unseen.

Promise: a task that ends by an exception, which is a bug, is told to whoever waits for `failure`,
and that is the one who runs the server: it ends loudly instead of going on without the task.
"""

import asyncio
from collections.abc import Coroutine


class Tasks:
    """Of one server; made inside the running event loop."""

    def __init__(self) -> None:
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Never done but by the exception of the first task that failed."""
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin a task."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Cancel what still runs."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.failure.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self.failure.done():
            self.failure.set_exception(error)

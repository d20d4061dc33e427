"""A gateway as a process of its own: `python -m venue.process connect|wait|slow PORT`.

It prints its port once it is bound, then serves a local exchange until a signal ends it. `wait`
never gets its exchange; `slow` takes a while for every submission.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator

from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.api.exchange import Outcome
from truebook.api.serve import listen, serve
from truebook.commandlog.interface import Once

SLOW_SECONDS = 0.5


class SlowExchange(LocalExchange):
    async def send_and_await(self, records: bytes, commands: int, once: Once | None) -> Outcome:
        print("received", flush=True)
        await asyncio.sleep(SLOW_SECONDS)
        return await super().send_and_await(records, commands, once)


@contextlib.asynccontextmanager
async def connect(mode: str) -> AsyncGenerator[Application, None]:
    try:
        if mode == "wait":
            print("waiting", flush=True)
            await asyncio.Event().wait()
        exchange = SlowExchange() if mode == "slow" else LocalExchange()
        exchange.open_account("trader", {"USDC": "100000", "SOL": "1000"}, key=KEY)
        with history_of(exchange) as history:
            yield Application(exchange, history)
    finally:
        print("given back", flush=True)


if __name__ == "__main__":
    from nacl.signing import SigningKey

    KEY = SigningKey(bytes(31) + b"\7")
    bound = listen("127.0.0.1", int(sys.argv[2]), shared=True)
    print(bound.getsockname()[1], flush=True)
    serve(lambda: connect(sys.argv[1]), bound)

"""Order entry of one gateway: its parts, put together."""

from truebook.api.authenticate import Authority
from truebook.api.cancel_on_disconnect import CancelOnDisconnect, Sender
from truebook.api.entry.desk import Desk
from truebook.api.entry.session import Services
from truebook.api.entry.sessions import EntrySessions
from truebook.api.exchange import Exchange, Outcome
from truebook.api.failures import Failures
from truebook.api.plain import PlainOrders
from truebook.api.throttle import Throttle
from truebook.api.trading import Trading
from truebook.clock import Clock


class _Timers:
    """cancel_on_disconnect.Sender: the exchange's own way into the log, which isn't ours to
    close."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def send_and_await(self, records: bytes, commands: int) -> Outcome:
        """As the exchange does; nobody outside can send these again."""
        return await self._exchange.send_and_await(records, commands, None)

    async def close(self) -> None:
        """Nothing to give back."""


def order_entry(
    exchange: Exchange,
    trading: Trading,
    authority: Authority,
    throttle: Throttle,
    failures: Failures,
    clock: Clock,
    plain: PlainOrders | None = None,
) -> EntrySessions:
    """The sessions of a gateway, none at first. `plain` None: everything goes the long way."""

    async def connect() -> Sender:
        return _Timers(exchange)

    attendance = CancelOnDisconnect(connect)
    desk = Desk(exchange, trading.markets, plain)
    services = Services(exchange, trading, desk, authority, throttle, failures, attendance, clock)
    return EntrySessions(services, attendance)

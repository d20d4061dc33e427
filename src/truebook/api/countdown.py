"""The dead man's switch: `cancelAllAfter`, an addition to the dialect.

Promise: when the time is over and nothing was heard, all open orders of the account are cancelled,
by the exchange itself, whatever became of this process: the time stands in the log.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook import commands
from truebook.api.authenticate import Authority, parameters_of
from truebook.api.errors import invalid
from truebook.api.exchange import Exchange
from truebook.api.outcomes import told_to_client
from truebook.api.payload import whole_number_of
from truebook.api.request import headers_of
from truebook.api.response import JsonResponse
from truebook.api.shapes.order import Countdown
from truebook.api.sign_in import fields_of_body
from truebook.limits import TIMER_MS_MAX
from truebook.people.exchange import carry_out


class Countdowns:
    """The endpoint at /api/v1/orders/cancelAllAfter."""

    def __init__(self, exchange: Exchange, authority: Authority) -> None:
        self._exchange = exchange
        self._authority = authority

    def routes(self) -> list[Route]:
        """The endpoint at its path."""
        return [Route("/api/v1/orders/cancelAllAfter", self.set_timer, methods=["POST"])]

    async def set_timer(self, request: Request) -> Response:
        """Cancel all open orders of the account after `countdownTime` milliseconds, unless this is
        asked for again before; 0 ends it (`orderCancelAllAfter`)."""
        headers = headers_of(request.scope)
        fields = await fields_of_body(request, headers)
        caller = self._authority.trader(headers, "orderCancelAllAfter", [parameters_of(fields)])
        timeout_ms = whole_number_of(fields, "countdownTime", TIMER_MS_MAX)
        if timeout_ms is None:
            raise invalid("countdownTime", "is required: milliseconds, 0 to end it")
        command = commands.cancel_after(account=caller.account, timeout_ms=timeout_ms)
        with told_to_client():
            await carry_out(self._exchange, [command], once=caller.once)
        told: Countdown = {"countdownTime": timeout_ms}
        return JsonResponse(told)

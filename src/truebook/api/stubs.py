"""What clients call at every venue and a spot exchange without lending has nothing to say to.

Promise: each answers what the contract says (A4, A6) for an account that has none of it, private
ones only to a valid signature, so that clients which ask as a matter of course go on.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority, parameters_of
from truebook.api.errors import invalid
from truebook.api.request import fields_of, headers_of, query_of, read_body
from truebook.api.response import JsonResponse
from truebook.api.strict_json import decode_object
from truebook.limits import HTTP_BODY_BYTES_MAX

PUBLIC = (
    "/api/v1/wallets",
    "/api/v1/markPrices",
    "/api/v1/openInterest",
    "/api/v1/fundingRates",
    "/api/v1/collateral",
    "/api/v1/borrowLend/markets",
    "/api/v1/market-sessions",
    "/api/v1/securities",
    "/api/v1/prediction",
)

PRIVATE = {
    "/api/v1/borrowLend/positions": "borrowLendPositionQuery",
    "/api/v1/position": "positionQuery",
}

HISTORIES = {
    "/wapi/v1/capital/deposits": "depositQueryAll",
    "/wapi/v1/capital/withdrawals": "withdrawalQueryAll",
    "/wapi/v1/history/settlement": "settlementHistoryQueryAll",
    "/wapi/v1/history/dust": "dustHistoryQueryAll",
    "/wapi/v1/history/interest": "interestHistoryQueryAll",
    "/wapi/v1/history/borrowLend": "borrowHistoryQueryAll",
    "/wapi/v1/history/borrowLend/positions": "borrowPositionHistoryQueryAll",
    "/wapi/v1/history/funding": "fundingHistoryQueryAll",
    "/wapi/v1/history/strategies": "strategyHistoryQueryAll",
    "/wapi/v1/history/rfq": "rfqHistoryQueryAll",
    "/wapi/v1/history/quote": "quoteHistoryQueryAll",
    "/wapi/v1/history/position": "positionHistoryQueryAll",
}

PAGES = {"X-Page-Count": "0", "X-Current-Page": "0", "X-Page-Size": "100", "X-Total": "0"}


class Stubs:
    """The endpoints that always answer the same."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def public_routes(self) -> list[Route]:
        """Each endpoint that needs no signature, at its path."""
        return [Route(path, self._public) for path in PUBLIC]

    def signed_routes(self) -> list[Route]:
        """Each that needs one."""
        return [
            *(Route(path, self._private) for path in PRIVATE | HISTORIES),
            Route("/wapi/v1/capital/deposit/address", self.deposit_address),
            Route("/api/v1/account", self.update_account, methods=["PATCH"]),
        ]

    async def _public(self, request: Request) -> Response:
        return JsonResponse([])

    async def _private(self, request: Request) -> Response:
        path = request.url.path
        instruction = PRIVATE.get(path) or HISTORIES[path]
        self._authority.reader(headers_of(request.scope), instruction, query_of(request.scope))
        return JsonResponse([], headers=PAGES if path in HISTORIES else None)

    async def deposit_address(self, request: Request) -> Response:
        """An address that names the account; nothing can be sent to it."""
        query = query_of(request.scope)
        caller = self._authority.reader(headers_of(request.scope), "depositAddressQuery", query)
        if not fields_of(query).get("blockchain"):
            raise invalid("blockchain", "is required")
        return JsonResponse({"address": f"truebook-account-{caller.account}"})

    async def update_account(self, request: Request) -> Response:
        """Settings of margin and lending: taken note of, without effect (`accountUpdate`)."""
        headers = headers_of(request.scope)
        body = await read_body(request.receive, headers, HTTP_BODY_BYTES_MAX)
        fields = decode_object(body) if body else {}
        self._authority.trader(headers, "accountUpdate", [parameters_of(fields)])
        return Response()

"""What clients call at every venue and a spot exchange without lending has nothing to say to.

Promise: each answers what the contract says (A4, A6) for an account that has none of it, private
ones only to a valid signature, so that clients which ask as a matter of course go on. What would
change something that isn't there is refused, and nothing of it is ignored.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.authenticate import Authority, parameters_of
from truebook.api.errors import ApiError, not_found, rejected
from truebook.api.paging import page_headers, page_of
from truebook.api.request import fields_of, headers_of, query_of
from truebook.api.response import JsonResponse
from truebook.api.sign_in import fields_of_body
from truebook.directory import Directory
from truebook.messages import RejectCode

PUBLIC = (
    "/api/v1/wallets",
    "/api/v1/markPrices",
    "/api/v1/openInterest",
    "/api/v1/fundingRates",
    "/api/v1/collateral",
    "/api/v1/borrowLend/markets",
    "/api/v1/borrowLend/markets/history",
    "/api/v1/borrowLend/apy",
    "/api/v1/market-sessions",
    "/api/v1/market-holidays",
    "/api/v1/stockSessions",
    "/api/v1/stockHolidays",
    "/api/v1/securities",
    "/api/v1/prediction",
    "/api/v1/prediction/tags",
)

PRIVATE = {
    "/api/v1/borrowLend/positions": "borrowLendPositionQuery",
    "/api/v1/position": "positionQuery",
    "/api/v1/rfqs": "rfqQuery",
    "/api/v1/strategies": "strategyQueryAll",
}

HISTORIES = {
    "/wapi/v1/history/settlement": "settlementHistoryQueryAll",
    "/wapi/v1/history/dust": "dustHistoryQueryAll",
    "/wapi/v1/history/interest": "interestHistoryQueryAll",
    "/wapi/v1/history/borrowLend": "borrowHistoryQueryAll",
    "/wapi/v1/history/borrowLend/positions": "borrowPositionHistoryQueryAll",
    "/wapi/v1/history/funding": "fundingHistoryQueryAll",
    "/wapi/v1/history/strategies": "strategyHistoryQueryAll",
    "/wapi/v1/history/rfq": "rfqHistoryQueryAll",
    "/wapi/v1/history/rfq/fill": "rfqFillHistoryQueryAll",
    "/wapi/v1/history/quote": "quoteHistoryQueryAll",
    "/wapi/v1/history/quote/fill": "quoteFillHistoryQueryAll",
    "/wapi/v1/history/position": "positionHistoryQueryAll",
    "/wapi/v1/history/pnl": "pnlHistoryQueryAll",
}

ABSENT = {
    "/api/v1/capital/collateral": "collateralQuery",
    "/api/v1/strategy": "strategyQuery",
    "/api/v1/borrowLend/position/liquidationPrice": "borrowLendPositionLiquidationPrice",
    "/wapi/v1/capital/withdrawals/delay": "withdrawalDelayQuery",
}
"""One thing that nobody has."""

REFUSED = {
    ("POST", "/api/v1/borrowLend"): "borrowLendExecute",
    ("POST", "/api/v1/account/convertDust"): "convertDust",
    ("POST", "/api/v1/strategy"): "strategyCreate",
    ("DELETE", "/api/v1/strategy"): "strategyCancel",
    ("DELETE", "/api/v1/strategies"): "strategyCancelAll",
    ("POST", "/api/v1/rfq"): "rfqSubmit",
    ("POST", "/api/v1/rfq/quote"): "quoteSubmit",
    ("POST", "/api/v1/rfq/accept"): "quoteAccept",
    ("POST", "/api/v1/rfq/refresh"): "rfqRefresh",
    ("POST", "/api/v1/rfq/cancel"): "rfqCancel",
    ("POST", "/wapi/v1/capital/withdrawals/delay"): "withdrawalDelayCreate",
    ("PATCH", "/wapi/v1/capital/withdrawals/delay"): "withdrawalDelayUpdate",
}
"""Lending, strategies, requests for quotes and delays of withdrawals."""


class Stubs:
    """The endpoints that always answer the same."""

    def __init__(self, authority: Authority, directory: Directory) -> None:
        self._authority = authority
        self._directory = directory

    def public_routes(self) -> list[Route]:
        """Each endpoint that needs no signature, at its path."""
        return [Route(path, self.none, methods=["GET"]) for path in PUBLIC]

    def signed_routes(self) -> list[Route]:
        """Each that needs one."""
        return [
            *(Route(path, self.none_of_account, methods=["GET"]) for path in PRIVATE),
            *(Route(path, self.no_history, methods=["GET"]) for path in HISTORIES),
            *(Route(path, self.absent, methods=["GET"]) for path in ABSENT),
            *(Route(path, self.refused, methods=[method]) for method, path in REFUSED),
            Route("/api/v1/account/limits/borrow", self.borrow_limit, methods=["GET"]),
        ]

    async def none(self, request: Request) -> Response:
        """Nothing: a spot venue has none of it."""
        return JsonResponse([])

    async def none_of_account(self, request: Request) -> Response:
        """Nothing: no account has any of it."""
        self._read(request, PRIVATE[request.url.path])
        return JsonResponse([])

    async def no_history(self, request: Request) -> Response:
        """Nothing: no account ever had any of it."""
        self._read(request, HISTORIES[request.url.path])
        page = page_of(fields_of(query_of(request.scope)))
        return JsonResponse([], headers=page_headers(page, 0))

    async def absent(self, request: Request) -> Response:
        """Not found: no account has it."""
        self._read(request, ABSENT[request.url.path])
        raise not_found()

    async def borrow_limit(self, request: Request) -> Response:
        """Zero: nothing can be borrowed (`maxBorrowQuantity`)."""
        self._read(request, "maxBorrowQuantity")
        symbol = fields_of(query_of(request.scope)).get("symbol")
        if symbol not in self._directory.asset_by_symbol:
            raise rejected(RejectCode.UNKNOWN_ASSET)
        return JsonResponse({"maxBorrowQuantity": "0", "symbol": symbol})

    async def refused(self, request: Request) -> Response:
        """Refused: a spot venue has none of it."""
        headers = headers_of(request.scope)
        instruction = REFUSED[request.method, request.url.path]
        fields = await fields_of_body(request, headers)
        self._authority.trader(headers, instruction, [parameters_of(fields)])
        raise ApiError(400, "NOT_IMPLEMENTED", f"{instruction}: this is a spot venue without it")

    def _read(self, request: Request, instruction: str) -> None:
        query = query_of(request.scope)
        self._authority.reader(headers_of(request.scope), instruction, query)

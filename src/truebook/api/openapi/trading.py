"""What the owner of an account asks: orders, balances, withdrawals, the past."""

from truebook.api.account import Account
from truebook.api.capital import Capital
from truebook.api.countdown import Countdowns
from truebook.api.openapi.operation import Access, Asks, Operation
from truebook.api.orders import Orders
from truebook.api.past import Past
from truebook.api.proof import Proof
from truebook.api.shapes import account, capital, order, proof
from truebook.api.stubs import ABSENT, HISTORIES, PRIVATE, REFUSED, Stubs

LOG = frozenset({Asks.LOG})
ENGINE = frozenset({Asks.ENGINE})
HISTORY = frozenset({Asks.HISTORY})
SOL = {"symbol": "SOL_USDC"}
LIMIT = SOL | {
    "side": "Bid",
    "orderType": "Limit",
    "price": "90",
    "quantity": "1",
    "clientId": 42,
    "timeInForce": "GTC",
}
STOP = SOL | {
    "side": "Ask",
    "orderType": "Market",
    "triggerPrice": "95",
    "triggerQuantity": "80%",
    "slippageTolerance": "0.5",
    "slippageToleranceType": "Percent",
}
NO_ORDER = frozenset({404})

ORDERS = (
    Operation(
        "POST",
        "/api/v1/order",
        Orders.place,
        Access.TRADE,
        {200: order.Order, 202: order.OrderAccepted},
        "orderExecute",
        body=order.PlaceOrder,
        example=LIMIT,
        asks=LOG,
        has_deadline=True,
    ),
    Operation(
        "GET",
        "/api/v1/order",
        Orders.find,
        Access.READ,
        {200: order.Order},
        "orderQuery",
        query=order.OfOrder,
        example=SOL | {"clientId": "42"},
        asks=ENGINE,
        refusals=NO_ORDER,
    ),
    Operation(
        "PATCH",
        "/api/v1/order",
        Orders.amend,
        Access.TRADE,
        {200: order.Order, 202: None},
        "orderModify",
        body=order.AmendOrder,
        example=SOL | {"clientId": 42, "price": "89.5", "quantity": "2"},
        asks=LOG,
        refusals=NO_ORDER,
        has_deadline=True,
    ),
    Operation(
        "DELETE",
        "/api/v1/order",
        Orders.cancel,
        Access.TRADE,
        {200: order.Order, 202: None},
        "orderCancel",
        body=order.CancelOrder,
        example=SOL | {"clientId": 42},
        asks=LOG,
        refusals=NO_ORDER,
    ),
    Operation(
        "POST",
        "/api/v1/orders",
        Orders.place_batch,
        Access.TRADE,
        {
            200: list[order.PlacedLimit | order.PlacedMarket | order.Failed],
            202: list[order.BatchAccepted | order.Failed],
        },
        "orderExecute",
        body=list[order.PlaceOrder],
        example=[LIMIT, STOP],
        asks=LOG,
        has_deadline=True,
    ),
    Operation(
        "GET",
        "/api/v1/orders",
        Orders.find_all,
        Access.READ,
        {200: list[order.Order]},
        "orderQueryAll",
        query=order.OfOrders,
        example=SOL,
        asks=ENGINE,
    ),
    Operation(
        "DELETE",
        "/api/v1/orders",
        Orders.cancel_all,
        Access.TRADE,
        {200: list[order.Order], 202: None},
        "orderCancelAll",
        body=order.CancelOrders,
        example=SOL | {"orderType": "RestingLimitOrder"},
        asks=LOG,
    ),
    Operation(
        "POST",
        "/api/v1/orders/cancelAllAfter",
        Countdowns.set_timer,
        Access.TRADE,
        {200: order.Countdown},
        "orderCancelAllAfter",
        body=order.CancelAllAfter,
        example={"countdownTime": 60_000},
        asks=LOG,
    ),
)

ACCOUNT = (
    Operation(
        "GET",
        "/api/v1/account",
        Account.account,
        Access.READ,
        {200: account.Account},
        "accountQuery",
        asks=ENGINE,
    ),
    Operation(
        "PATCH",
        "/api/v1/account",
        Account.change,
        Access.TRADE,
        {200: None},
        "accountUpdate",
        body=account.AccountSettings,
        example={"autoLend": False, "leverageLimit": "1"},
    ),
    Operation(
        "GET",
        "/api/v1/account/limits/order",
        Account.order_limit,
        Access.READ,
        {200: account.OrderLimit},
        "maxOrderQuantity",
        query=account.OfOrderLimit,
        example=SOL | {"side": "Bid", "price": "100"},
        asks=ENGINE,
    ),
    Operation(
        "GET",
        "/api/v1/account/limits/withdrawal",
        Account.withdrawal_limit,
        Access.READ,
        {200: account.WithdrawalLimit},
        "maxWithdrawalQuantity",
        query=account.OfWithdrawalLimit,
        example={"symbol": "USDC"},
        asks=ENGINE,
    ),
    Operation(
        "GET",
        "/api/v1/account/limits/borrow",
        Stubs.borrow_limit,
        Access.READ,
        {200: account.BorrowLimit},
        "maxBorrowQuantity",
        query=account.OfWithdrawalLimit,
        example={"symbol": "USDC"},
    ),
    Operation(
        "GET",
        "/api/v1/capital",
        Account.capital,
        Access.READ,
        {200: dict[str, account.Balance]},
        "balanceQuery",
        asks=ENGINE,
    ),
)

CAPITAL = (
    Operation(
        "GET",
        "/wapi/v1/capital/deposits",
        Capital.deposits,
        Access.READ,
        {200: list[capital.Deposit]},
        "depositQueryAll",
        query=capital.OfDeposits,
        example={"limit": "10"},
        asks=HISTORY,
        paged=True,
    ),
    Operation(
        "GET",
        "/wapi/v1/capital/deposit/address",
        Capital.deposit_address,
        Access.READ,
        {200: capital.DepositAddress},
        "depositAddressQuery",
        query=capital.OfDepositAddress,
        example={"blockchain": "Solana"},
    ),
    Operation(
        "GET",
        "/wapi/v1/capital/withdrawals",
        Capital.withdrawals,
        Access.READ,
        {200: list[capital.Withdrawal]},
        "withdrawalQueryAll",
        query=capital.OfWithdrawals,
        example={"limit": "10"},
        asks=HISTORY,
        paged=True,
    ),
    Operation(
        "POST",
        "/wapi/v1/capital/withdrawals",
        Capital.request_withdrawal,
        Access.WITHDRAW,
        {200: capital.Withdrawal},
        "withdraw",
        body=capital.RequestWithdrawal,
        example={
            "address": "an address outside",
            "blockchain": "Solana",
            "quantity": "10.5",
            "symbol": "USDC",
            "clientId": "77",
        },
        asks=LOG,
    ),
)

PAST = (
    Operation(
        "GET",
        "/wapi/v1/history/orders",
        Past.orders,
        Access.READ,
        {200: list[order.PastOrder]},
        "orderHistoryQueryAll",
        query=account.OfPastOrders,
        example=SOL | {"limit": "10"},
        asks=HISTORY,
        paged=True,
    ),
    Operation(
        "GET",
        "/wapi/v1/history/fills",
        Past.fills,
        Access.READ,
        {200: list[order.Fill]},
        "fillHistoryQueryAll",
        query=account.OfFills,
        example=SOL | {"fillType": "User"},
        asks=HISTORY,
        paged=True,
    ),
)

STUBS = (
    *(
        Operation("GET", path, Stubs.none_of_account, Access.READ, {200: list[object]}, signed)
        for path, signed in PRIVATE.items()
    ),
    *(
        Operation(
            "GET",
            path,
            Stubs.no_history,
            Access.READ,
            {200: list[object]},
            signed,
            query=account.OfNoHistory,
            paged=True,
        )
        for path, signed in HISTORIES.items()
    ),
    *(
        Operation("GET", path, Stubs.absent, Access.READ, {}, signed, refusals=NO_ORDER)
        for path, signed in ABSENT.items()
    ),
    *(
        Operation(
            method,
            path,
            Stubs.refused,
            Access.TRADE,
            {},
            signed,
            body=dict[str, object],
            example={},
        )
        for (method, path), signed in REFUSED.items()
    ),
)

PROOF = (
    Operation(
        "GET",
        "/api/v1/proof",
        Proof.account,
        Access.READ,
        {200: proof.AccountProof},
        "proofQuery",
        query=proof.OfProof,
        refusals=frozenset({404}),
    ),
)

OPERATIONS = (*ORDERS, *ACCOUNT, *CAPITAL, *PAST, *PROOF, *STUBS)

"""What people and administrators ask (docs/people.md)."""

from truebook.api.admin import Administration
from truebook.api.keys import Keys
from truebook.api.openapi.operation import Access, Asks, Operation
from truebook.api.overview import Overview
from truebook.api.shapes import people as shapes
from truebook.api.shapes.overview import OverviewAnswer
from truebook.api.sign_in import SignIn

LOG = frozenset({Asks.LOG})
TWICE = frozenset({409})
WHO = {"name": "alice", "password": "correct horse battery"}
REASON = {"reason": "an example"}
KEY = {"apiKey": "A" * 43 + "="}

SESSIONS = (
    Operation(
        "POST",
        "/api/v1/auth/signup",
        SignIn.sign_up,
        Access.VISITOR,
        {200: shapes.LoggedIn},
        body=shapes.NameAndPassword,
        example=WHO,
        asks=LOG,
        refusals=TWICE,
    ),
    Operation(
        "POST",
        "/api/v1/auth/login",
        SignIn.log_in,
        Access.VISITOR,
        {200: shapes.LoggedIn},
        body=shapes.NameAndPassword,
        example=WHO,
        refusals=frozenset({401}),
    ),
    Operation("POST", "/api/v1/auth/logout", SignIn.log_out, Access.VISITOR, {200: shapes.Nothing}),
    Operation("GET", "/api/v1/auth/session", SignIn.session, Access.PERSON, {200: shapes.LoggedIn}),
    Operation(
        "POST",
        "/api/v1/auth/password",
        SignIn.change_password,
        Access.PERSON,
        {200: shapes.LoggedIn},
        body=shapes.NewPassword,
        example={"password": WHO["password"], "newPassword": "another one, longer"},
        asks=LOG,
    ),
    Operation(
        "GET",
        "/api/v1/auth/sessions",
        SignIn.sessions,
        Access.PERSON,
        {200: list[shapes.ListedSession]},
    ),
    Operation(
        "DELETE",
        "/api/v1/auth/sessions",
        SignIn.end_session,
        Access.PERSON,
        {200: shapes.Nothing},
        body=shapes.EndSession,
        example={"all": True},
        asks=LOG,
        refusals=frozenset({404}),
    ),
)

KEYS = (
    Operation(
        "GET",
        "/api/v1/keys",
        Keys.find_all,
        Access.READ,
        {200: list[shapes.ListedKey]},
        "keyQueryAll",
    ),
    Operation(
        "POST",
        "/api/v1/keys",
        Keys.add,
        Access.PERSON,
        {200: shapes.AddedKey},
        body=shapes.AddKey,
        example={"permissions": ["read", "trade"], "label": "a bot"},
        asks=LOG,
    ),
    Operation(
        "PATCH",
        "/api/v1/keys",
        Keys.change,
        Access.PERSON,
        {200: shapes.Nothing},
        body=shapes.ChangeKey,
        example=KEY | {"label": "another bot"},
        refusals=frozenset({404}),
    ),
    Operation(
        "DELETE",
        "/api/v1/keys",
        Keys.revoke,
        Access.PERSON,
        {200: shapes.Nothing},
        body=shapes.RevokeKey,
        example=KEY,
        asks=LOG,
        refusals=frozenset({404}),
    ),
)

ADMINISTRATION = (
    *(
        Operation(
            "POST",
            f"/api/v1/admin/{word}",
            handler,
            Access.ADMIN,
            {200: shapes.Nothing},
            instruction,
            body=body,
            example={"accountId": 1, "symbol": "USDC", "quantity": "12.5"} | REASON,
            asks=LOG,
            refusals=frozenset({404}),
        )
        for word, handler, instruction, body in (
            ("credit", Administration.credit, "adminCredit", shapes.AdminCredit),
            ("debit", Administration.debit, "adminDebit", shapes.Credit),
        )
    ),
    Operation(
        "POST",
        "/api/v1/admin/assets",
        Administration.add_asset,
        Access.ADMIN,
        {200: shapes.AddedAsset},
        "adminAssetAdd",
        body=shapes.AddAsset,
        example={"symbol": "EUR", "decimals": 4, "displayName": "Euro"} | REASON,
        asks=LOG,
    ),
    Operation(
        "POST",
        "/api/v1/admin/markets",
        Administration.add_market,
        Access.ADMIN,
        {200: shapes.StateOfMarket},
        "adminMarketAdd",
        body=shapes.AddMarket,
        example={"symbol": "SOL_BTC", "tick": "0.0001", "step": "0.01"} | REASON,
        asks=LOG,
    ),
    Operation(
        "PATCH",
        "/api/v1/admin/markets",
        Administration.set_market,
        Access.ADMIN,
        {200: shapes.StateOfMarket},
        "adminMarketSet",
        body=shapes.SetMarket,
        example={"symbol": "SOL_USDC", "openOrdersMax": 400} | REASON,
        asks=LOG,
    ),
    Operation(
        "POST",
        "/api/v1/admin/markets/state",
        Administration.set_market_state,
        Access.ADMIN,
        {200: shapes.StateOfMarket},
        "adminMarketState",
        body=shapes.SetMarketState,
        example={"symbol": "SOL_USDC", "state": "Open"} | REASON,
        asks=LOG,
    ),
    Operation(
        "POST",
        "/api/v1/admin/tiers",
        Administration.set_tier,
        Access.ADMIN,
        {200: shapes.Nothing},
        "adminTierSet",
        body=shapes.SetTier,
        example={"tier": 1, "makerFee": 2, "takerFee": 5} | REASON,
        asks=LOG,
    ),
    Operation(
        "GET",
        "/api/v1/admin/accounts",
        Administration.accounts,
        Access.ADMIN,
        {200: list[shapes.ListedAccount]},
        "adminAccountQueryAll",
        query=shapes.OfAccounts,
        example={"limit": "10"},
    ),
    Operation(
        "PATCH",
        "/api/v1/admin/accounts",
        Administration.set_account,
        Access.ADMIN,
        {200: shapes.ListedAccount},
        "adminAccountSet",
        body=shapes.SetAccount,
        example={"accountId": 1, "openOrdersMax": 100} | REASON,
        asks=LOG,
        refusals=frozenset({404}),
    ),
    Operation(
        "GET",
        "/api/v1/admin/withdrawals",
        Administration.withdrawals,
        Access.ADMIN,
        {200: list[shapes.WaitingWithdrawal]},
        "adminWithdrawalQueryAll",
        query=shapes.OfWithdrawals,
        example={"limit": "10"},
        asks=frozenset({Asks.ENGINE}),
    ),
    Operation(
        "POST",
        "/api/v1/admin/withdrawals",
        Administration.settle_withdrawal,
        Access.ADMIN,
        {200: shapes.SettledWithdrawal},
        "adminWithdrawalSettle",
        body=shapes.SettleWithdrawal,
        example={"withdrawalId": 1, "status": "declined"} | REASON,
        asks=LOG,
        refusals=frozenset({404}),
    ),
)

OVERVIEW = Operation(
    "GET",
    "/api/v1/admin/overview",
    Overview.overview,
    Access.ADMIN,
    {200: OverviewAnswer},
    "adminOverviewQuery",
    refusals=frozenset({503}),
)

OPERATIONS = (*SESSIONS, *KEYS, *ADMINISTRATION, OVERVIEW)

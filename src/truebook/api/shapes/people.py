"""People, their sessions and keys, and what administrators do (docs/people.md)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import (
    Amount,
    AmountText,
    AssetSymbol,
    Count,
    Label,
    MarketState,
    Milliseconds,
    Name,
    Password,
    Permission,
    PublicKey,
    Reason,
    Symbol,
)
from truebook.limits import KEY_ADDRESSES_MAX, TIERS_MAX

Addresses = Annotated[list[str], Meta(max_length=KEY_ADDRESSES_MAX)]
BasisPoints = Annotated[int, Meta(ge=-10_000, le=10_000, description="basis points")]
TierNumber = Annotated[int, Meta(ge=0, lt=TIERS_MAX)]
OpenOrdersMax = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]


class NameAndPassword(TypedDict):
    """Who logs in."""

    name: Name
    password: Password


class NewPassword(TypedDict):
    """The password so far, and the new one."""

    password: Password
    newPassword: Password


class LoggedIn(TypedDict):
    """Who is logged in."""

    accountId: Count
    name: Name
    permissions: list[Permission]
    createdAt: Milliseconds
    expiresAt: Milliseconds


class ListedSession(TypedDict):
    """An open session."""

    id: str
    createdAt: Milliseconds
    expiresAt: Milliseconds
    address: str
    agent: str
    current: bool


class EndSession(TypedDict):
    """Which session, or all of them."""

    id: NotRequired[str]
    all: NotRequired[bool]


class ListedKey(TypedDict):
    """An API key of the account."""

    apiKey: PublicKey
    label: str
    permissions: list[Permission]
    addresses: list[str]
    createdAt: Milliseconds | None
    expiresAt: Milliseconds | None


class AddKey(TypedDict):
    """A key to register; without `publicKey` one is made."""

    permissions: list[Permission]
    label: NotRequired[Label]
    addresses: NotRequired[Addresses]
    expiresAt: NotRequired[Milliseconds | None]
    publicKey: NotRequired[PublicKey]


class AddedKey(TypedDict):
    """A registered key; the secret is told this once, and only if it was made here."""

    apiKey: PublicKey
    apiSecret: NotRequired[str]


class ChangeKey(TypedDict):
    """What of a key is to change."""

    apiKey: PublicKey
    label: NotRequired[Label]
    addresses: NotRequired[Addresses]


class RevokeKey(TypedDict):
    """Which key."""

    apiKey: PublicKey


class Nothing(TypedDict):
    """It is done, and there is nothing to tell."""


class Credit(TypedDict):
    """Value that enters or leaves the exchange; the account is meant by number or name."""

    accountId: NotRequired[Count]
    name: NotRequired[Name]
    symbol: AssetSymbol
    quantity: Amount
    reason: Reason


class AdminCredit(TypedDict):
    """Value that enters the exchange; with a `reference` to what it is outside it counts once."""

    accountId: NotRequired[Count]
    name: NotRequired[Name]
    symbol: AssetSymbol
    quantity: Amount
    reference: NotRequired[Annotated[str, Meta(max_length=64)]]
    reason: Reason


class AddAsset(TypedDict):
    """A new asset."""

    symbol: AssetSymbol
    decimals: Annotated[int, Meta(ge=0, le=18)]
    displayName: NotRequired[Annotated[str, Meta(max_length=24)]]
    reason: Reason


class AddedAsset(TypedDict):
    """The new asset."""

    symbol: AssetSymbol
    decimals: int


class AddMarket(TypedDict):
    """A new market; the rest of its settings stand in docs/configuration.md, here in camelCase."""

    symbol: Symbol
    tick: AmountText
    step: AmountText
    state: NotRequired[MarketState]
    reference: NotRequired[AmountText]
    priceMin: NotRequired[AmountText]
    priceMax: NotRequired[AmountText]
    quantityMin: NotRequired[AmountText]
    quantityMax: NotRequired[AmountText]
    openOrdersMax: NotRequired[int]
    bandMin: NotRequired[AmountText]
    bandMax: NotRequired[AmountText]
    impactMin: NotRequired[AmountText]
    impactMax: NotRequired[AmountText]
    reason: Reason


class SetMarket(TypedDict):
    """What of a market is to change; symbol, tick and step never do."""

    symbol: Symbol
    reference: NotRequired[str]
    priceMin: NotRequired[str]
    priceMax: NotRequired[str]
    quantityMin: NotRequired[str]
    quantityMax: NotRequired[str]
    openOrdersMax: NotRequired[int]
    bandMin: NotRequired[str]
    bandMax: NotRequired[str]
    impactMin: NotRequired[str]
    impactMax: NotRequired[str]
    reason: Reason


class StateOfMarket(TypedDict):
    """A market's state."""

    symbol: Symbol
    orderBookState: MarketState


class SetMarketState(TypedDict):
    """What a market shall accept from now on."""

    symbol: Symbol
    state: MarketState
    reason: Reason


class SetTier(TypedDict):
    """The fees of a tier."""

    tier: TierNumber
    makerFee: BasisPoints
    takerFee: BasisPoints
    reason: Reason


class ListedAccount(TypedDict):
    """An account as administrators see it."""

    accountId: Count
    name: Name
    tier: TierNumber
    openOrdersMax: OpenOrdersMax
    blocked: bool


OfAccounts = TypedDict(
    "OfAccounts",
    {
        "from": NotRequired[Count],
        "limit": NotRequired[Annotated[int, Meta(ge=1, le=1000)]],
    },
)
"""Query: accounts by number."""


class SetAccount(TypedDict):
    """What of an account is to change; the account is meant by number or name."""

    accountId: NotRequired[Count]
    name: NotRequired[Name]
    tier: NotRequired[TierNumber]
    openOrdersMax: NotRequired[OpenOrdersMax]
    blocked: NotRequired[bool | None]
    reason: Reason


class WaitingWithdrawal(TypedDict):
    """A withdrawal that waits to be settled. Where it shall go to is the database's word; the log's
    is told by `truebook admin withdrawals`."""

    withdrawalId: int
    accountId: Count
    name: Name
    symbol: AssetSymbol
    quantity: Amount
    toAddress: str
    blockchain: str | None
    clientId: str | None


OfWithdrawals = TypedDict(
    "OfWithdrawals",
    {
        "from": NotRequired[int],
        "limit": NotRequired[Annotated[int, Meta(ge=1, le=1000)]],
    },
)
"""Query: withdrawals that wait, by number."""


class SettleWithdrawal(TypedDict):
    """What becomes of a withdrawal."""

    withdrawalId: int
    status: Literal["confirmed", "declined"]
    reason: Reason


class SettledWithdrawal(TypedDict):
    """What became of it."""

    withdrawalId: int
    status: Literal["confirmed", "declined"]

"""Deposits and withdrawals (contract A6): a ledger inside the exchange, settled by its operator."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import (
    Amount,
    AssetSymbol,
    Count,
    Decimal,
    IsoTime,
    Limit,
    Milliseconds,
    Offset,
)
from truebook.limits import (
    ADDRESS_CHARACTERS_MAX,
    BLOCKCHAIN_CHARACTERS_MAX,
    WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX,
)

Address = Annotated[str, Meta(min_length=1, max_length=ADDRESS_CHARACTERS_MAX)]
Blockchain = Annotated[str, Meta(min_length=1, max_length=BLOCKCHAIN_CHARACTERS_MAX)]
TransferId = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
WithdrawalClientId = Annotated[
    str, Meta(min_length=1, max_length=WITHDRAWAL_CLIENT_ID_CHARACTERS_MAX)
]
WithdrawalStatus = Literal["pending", "confirmed", "declined"]
DepositSource = Literal["administrator"]


class Deposit(TypedDict):
    """Value that entered the exchange."""

    id: TransferId
    toAddress: str
    fromAddress: str | None
    source: DepositSource
    status: Literal["confirmed"]
    transactionHash: str | None
    symbol: AssetSymbol
    quantity: Decimal
    createdAt: IsoTime
    fiatAmount: None
    fiatCurrency: None
    institutionBic: None
    platformMemo: str | None


class DepositAddress(TypedDict):
    """Where a deposit of this account would be sent."""

    address: str


class RequestWithdrawal(TypedDict):
    """What shall leave the exchange, and where to. `twoFactorToken` is not looked at."""

    address: Address
    blockchain: Blockchain
    quantity: Amount
    symbol: AssetSymbol
    clientId: NotRequired[WithdrawalClientId | Count | None]


class Withdrawal(TypedDict):
    """A withdrawal; `pending` until the operator has settled it, `declined` if it was refused."""

    id: TransferId
    blockchain: str | None
    clientId: str | None
    createdAt: IsoTime
    fee: Decimal
    isInternal: bool
    quantity: Decimal
    status: WithdrawalStatus
    symbol: AssetSymbol
    toAddress: str
    transactionHash: None
    identifier: None
    subaccountId: None
    accountIdentifier: None
    bankIdentifier: None
    bankName: None
    fiatFee: None
    fiatState: None
    fiatSymbol: None
    providerId: None
    triggerAt: None


class OfDepositAddress(TypedDict):
    """Query: on which blockchain."""

    blockchain: Blockchain


OfDeposits = TypedDict(
    "OfDeposits",
    {
        "from": NotRequired[Milliseconds],
        "to": NotRequired[Milliseconds],
        "limit": NotRequired[Limit],
        "offset": NotRequired[Offset],
        "excludePlatform": NotRequired[bool],
    },
)
"""Query: deposits."""

OfWithdrawals = TypedDict(
    "OfWithdrawals",
    {
        "id": NotRequired[TransferId],
        "clientId": NotRequired[WithdrawalClientId],
        "from": NotRequired[Milliseconds],
        "to": NotRequired[Milliseconds],
        "limit": NotRequired[Limit],
        "offset": NotRequired[Offset],
    },
)
"""Query: withdrawals."""

"""The values that fields have (contract A0 and A4): amounts as text, times in four forms."""

from typing import Annotated, Literal

from msgspec import Meta

from truebook.feed import words
from truebook.limits import (
    KEY_LABEL_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    REASON_CHARACTERS_MAX,
)
from truebook.units import TEXT_CHARACTERS_MAX

_DECIMAL = r"(0|[1-9][0-9]*)(\.[0-9]+)?"

Decimal = Annotated[str, Meta(pattern=f"^-?{_DECIMAL}$", description="a decimal, shortest form")]
"""An amount that the exchange tells."""

AmountText = Annotated[str, Meta(pattern=f"^{_DECIMAL}$", max_length=TEXT_CHARACTERS_MAX)]
Amount = AmountText | Annotated[float, Meta(ge=0)]
"""An amount that the exchange is given: a plain decimal, as text or as JSON number."""

AmountOrPercent = (
    Annotated[str, Meta(pattern=f"^{_DECIMAL}%?$", max_length=TEXT_CHARACTERS_MAX)]
    | Annotated[float, Meta(ge=0)]
)
"""A quantity, or a part of what is available when a trigger fires: `"80%"`."""

_WHOLE_TEXT = "^(0|[1-9][0-9]*)$"
ClientId = (
    Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]
    | Annotated[str, Meta(pattern=_WHOLE_TEXT, max_length=10)]
)
OrderId = Annotated[str, Meta(pattern=_WHOLE_TEXT, max_length=19)]
Count = Annotated[int, Meta(ge=0)]
Milliseconds = Annotated[int, Meta(ge=0, description="milliseconds since 1970")]
Microseconds = Annotated[int, Meta(ge=0, description="microseconds since 1970")]
Seconds = Annotated[int, Meta(ge=0, description="seconds since 1970")]
IsoTime = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3,6}$",
        description="UTC, without saying so",
    ),
]
CandleTime = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", description="UTC"),
]
Limit = Annotated[int, Meta(ge=1, le=1000, description="how many at most; 100 by default")]
Offset = Annotated[int, Meta(ge=0, description="how many are left out at the beginning")]

Side = words.Side
TimeInForce = words.TimeInForce
SelfTradePrevention = words.SelfTradePrevention
OrderState = words.OrderState
MarketState = Literal["Open", "CancelOnly", "PostOnly", "LimitOnly", "Closed"]
MarketType = Literal["SPOT", "PERP", "IPERP", "DATED", "PREDICTION", "RFQ"]
SortDirection = Literal["Asc", "Desc"]
Permission = Literal["read", "trade", "withdraw", "admin"]

Symbol = Annotated[str, Meta(max_length=33, examples=["SOL_USDC"])]
"""Of a market."""
AssetSymbol = Annotated[str, Meta(pattern="^[A-Z0-9]{1,16}$", examples=["USDC"])]
Name = Annotated[str, Meta(max_length=24)]
"""Of an account."""
PublicKey = Annotated[str, Meta(description="32 bytes in base64", max_length=44)]
Password = Annotated[
    str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)
]
Label = Annotated[str, Meta(max_length=KEY_LABEL_CHARACTERS_MAX)]
Reason = Annotated[
    str,
    Meta(min_length=1, max_length=REASON_CHARACTERS_MAX, description="kept in the log for ever"),
]

"""Trade with bpx-py: an order, placed and cancelled.

    API_KEY=… API_SECRET=… python examples/with_bpx.py

The client has its address in two class attributes; both end with a slash.
"""

import os

from bpx.account import Account
from bpx.base.base_account import BaseAccount
from bpx.base.base_public import BasePublic
from bpx.public import Public

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")


def main() -> None:
    """Place, cancel."""
    BaseAccount.BPX_API_URL = BasePublic.BASE_URL = f"{URL}/"
    print("markets", [market["symbol"] for market in Public().get_markets()])
    account = Account(os.environ["API_KEY"], os.environ["API_SECRET"])
    placed = account.execute_order("SOL_USDC", "Bid", "Limit", quantity="1", price="90")
    print("placed", placed["id"], placed["status"])
    print("cancelled", account.cancel_order("SOL_USDC", order_id=placed["id"])["status"])


if __name__ == "__main__":
    main()

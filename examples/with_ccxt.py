"""Trade with ccxt: an order, a stop order that waits, balances.

    API_KEY=… API_SECRET=… python examples/with_ccxt.py

Only the URLs are changed.
"""

import os

import ccxt

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")


def main() -> None:
    """Place, list, cancel."""
    client = ccxt.backpack({"apiKey": os.environ["API_KEY"], "secret": os.environ["API_SECRET"]})
    client.urls["api"]["public"] = client.urls["api"]["private"] = URL

    placed = client.create_order("SOL/USDC", "limit", "buy", 1, 90)
    print("placed", placed["id"], placed["status"])
    stop = client.create_order("SOL/USDC", "limit", "buy", 1, 121, {"triggerPrice": 120})
    print("waits for", stop["triggerPrice"])
    print("USDC in orders", client.fetch_balance()["USDC"]["used"])
    print("cancelled", len(client.cancel_all_orders("SOL/USDC")))


if __name__ == "__main__":
    main()

"""Trade with ccxt's asynchronous client: several orders in one request, cancelled together.

API_KEY=… API_SECRET=… python examples/with_ccxt_async.py
"""

import asyncio
import os

import ccxt.async_support as ccxt

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")


async def main() -> None:
    """Place, cancel."""
    client = ccxt.backpack({"apiKey": os.environ["API_KEY"], "secret": os.environ["API_SECRET"]})
    client.urls["api"]["public"] = client.urls["api"]["private"] = URL
    try:
        bid = {"symbol": "SOL/USDC", "type": "limit", "side": "buy", "amount": 1}
        placed = await client.create_orders([bid | {"price": 90 - n} for n in range(3)])
        print("placed", [order["price"] for order in placed])
        print("cancelled", len(await client.cancel_all_orders("SOL/USDC")))
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())

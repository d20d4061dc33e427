"""Watch with ccxt.pro: the book of a market, also of one in which nothing happens.

python examples/with_ccxt_pro.py
"""

import asyncio
import os

import ccxt.pro

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")
WS_URL = os.environ.get("WS_URL", "ws://127.0.0.1:8081")


async def main() -> None:
    """Tell the best prices, three times."""
    client = ccxt.pro.backpack()
    client.urls["api"]["public"] = client.urls["api"]["private"] = URL
    client.urls["api"]["ws"] = {"public": WS_URL, "private": WS_URL}
    try:
        for _ in range(3):
            book = await client.watch_order_book("SOL/USDC")
            print("best bid", book["bids"][:1], "best ask", book["asks"][:1])
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())

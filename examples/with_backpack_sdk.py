"""Trade with backpack-exchange-sdk, and hear of it over its websocket client.

    API_KEY=… API_SECRET=… python examples/with_backpack_sdk.py

The HTTP clients take a base URL, which ends with a slash. The websocket client writes its address
down while it is made, so a subclass says otherwise.
"""

import os
import queue

from backpack_exchange_sdk import AuthenticationClient, PublicClient
from backpack_exchange_sdk.websocket import WebSocketClient

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")
WS_URL = os.environ.get("WS_URL", "ws://127.0.0.1:8081")


class Streams(WebSocketClient):
    """The websocket client, at our address."""

    @property
    def base_url(self) -> str:
        """Where it connects to, whatever is written there."""
        return WS_URL

    @base_url.setter
    def base_url(self, _: str) -> None: ...


def main() -> None:
    """Place, hear of it, cancel."""
    key, secret = os.environ["API_KEY"], os.environ["API_SECRET"]
    client = AuthenticationClient(key, secret, base_url=f"{URL}/")
    print("open", PublicClient(base_url=f"{URL}/").get_market("SOL_USDC")["orderBookState"])

    updates: queue.Queue[dict[str, str]] = queue.Queue()
    streams = Streams(key, secret)
    streams.subscribe(["account.orderUpdate.SOL_USDC"], updates.put, is_private=True)
    while updates.empty():  # a subscription takes effect unannounced
        placed = client.execute_order("Limit", "Bid", "SOL_USDC", price="90", quantity="1")
        cancelled = client.cancel_open_order("SOL_USDC", orderId=placed["id"])
    print("heard", updates.get()["e"], "and cancelled", cancelled["status"])
    # Else the client would connect anew.
    streams.ws.on_close = None
    streams.close()


if __name__ == "__main__":
    main()

"""Trade with nothing but HTTP: an order, placed, found and cancelled, each request signed by hand.

    API_KEY=… API_SECRET=… python examples/with_requests.py

Key and secret: `truebook account create NAME --credit USDC=1000 --json`. docs/http.md tells what is
signed.
"""

import base64
import os
import time

import requests
from nacl.signing import SigningKey

URL = os.environ.get("API_URL", "http://127.0.0.1:8080")
WINDOW_MS = 5000


def signed(instruction: str, fields: dict[str, str]) -> dict[str, str]:
    """The headers of a request with these fields, in its query or its body."""
    timestamp = str(time.time_ns() // 1_000_000)
    parts = [f"instruction={instruction}", *(f"{name}={fields[name]}" for name in sorted(fields))]
    text = "&".join([*parts, f"timestamp={timestamp}", f"window={WINDOW_MS}"])
    key = SigningKey(base64.b64decode(os.environ["API_SECRET"]))
    return {
        "X-API-Key": os.environ["API_KEY"],
        "X-Signature": base64.b64encode(key.sign(text.encode()).signature).decode(),
        "X-Timestamp": timestamp,
        "X-Window": str(WINDOW_MS),
    }


def ask(method: str, path: str, instruction: str, **fields: str) -> dict[str, str]:
    """A signed request and its answer."""
    headers = signed(instruction, fields)
    sent = {"params": fields} if method == "GET" else {"json": fields}
    response = requests.request(method, URL + path, headers=headers, timeout=10, **sent)
    response.raise_for_status()
    return response.json()


def main() -> None:
    """Place, find, cancel."""
    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit"}
    placed = ask("POST", "/api/v1/order", "orderExecute", **order, price="90", quantity="1")
    print("placed", placed["id"], placed["status"])
    target = {"symbol": "SOL_USDC", "orderId": placed["id"]}
    print("found", ask("GET", "/api/v1/order", "orderQuery", **target)["price"])
    print("cancelled", ask("DELETE", "/api/v1/order", "orderCancel", **target)["status"])


if __name__ == "__main__":
    main()

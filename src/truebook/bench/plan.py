"""What a load generator is to send, in a file: made before, so that it costs nothing meanwhile.

    "TBP1", is it a websocket, needles, connections          four bytes each
    each needle: its size, its text
    each connection: opening requests, requests
      each request: its size, its needle (two bytes), its orders (two bytes), its bytes

A **needle** is what the answer must contain, once for each of the request's orders. Opening
requests are sent and answered before anything is measured. Numbers are little-endian.
"""

from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import NamedTuple

_HEAD = Struct("<4sIII")
_CONNECTION = Struct("<II")
_REQUEST = Struct("<IHH")
_SIZE = Struct("<I")


class Request(NamedTuple):
    """One request as it goes over the wire."""

    data: bytes
    needle: bytes
    orders: int = 1


class Lane(NamedTuple):
    """What one connection sends, in order."""

    requests: Sequence[Request]
    openings: Sequence[Request] = ()


def write_plan(path: Path, lanes: Sequence[Lane], *, is_websocket: bool = False) -> None:
    """Write the plan of some connections."""
    needles: dict[bytes, int] = {}
    parts: list[bytes] = []
    for lane in lanes:
        requests = [*lane.openings, *lane.requests]
        parts.append(_CONNECTION.pack(len(lane.openings), len(requests)))
        for data, needle, orders in requests:
            number = needles.setdefault(needle, len(needles))
            parts.append(_REQUEST.pack(len(data), number, orders))
            parts.append(data)
    with path.open("wb") as file:
        file.write(_HEAD.pack(b"TBP1", is_websocket, len(needles), len(lanes)))
        for needle in needles:
            file.write(_SIZE.pack(len(needle)) + needle)
        file.writelines(parts)

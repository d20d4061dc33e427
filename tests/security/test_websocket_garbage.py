"""Whatever a client sends, it is answered or closed, and the server goes on serving the others."""

import asyncio
import contextlib
import json
import random
import zlib
from collections import Counter

import pytest
import uvloop
from rooms.client import CLOSE, CONTINUATION, PING, PONG, TEXT, Client, Server, frame, served_rooms
from venue.values import HOSTILE, HOSTILE_BODIES

CASES = 5_000
WORKERS = 25
UNFINISHED_S = 0.15
"""After that a length is taken for one that promises more than comes."""
REQUEST = b'{"method": "SUBSCRIBE", "params": ["talk.a"], "id": 1}'


def bad_text(chance: random.Random) -> bytes:
    return chance.choice(
        [
            lambda: chance.randbytes(chance.randint(0, 300)),
            lambda: chance.choice(list(HOSTILE_BODIES.values()))[:60_000],
            lambda: f'{{"method": {chance.choice(list(HOSTILE.values()))}}}'.encode(),
            lambda: f'{{"id": {chance.choice(list(HOSTILE.values()))}}}'.encode(),
            lambda: REQUEST.replace(b'"talk.a"', chance.choice(list(HOSTILE.values())).encode()),
            lambda: REQUEST[: chance.randint(0, len(REQUEST))],
            lambda: b"[" * chance.randint(1, 60_000),
            lambda: b'{"a":' * chance.randint(1, 10_000),
            lambda: b'{"method":"SUBSCRIBE","params":["' + b"x" * 60_000 + b'"]}',
            lambda: b'{"params":["\xed\xa0\x80\xff"]}',
            lambda: b"",
        ]
    )()


def bomb() -> bytes:
    """A megabyte, compressed, as one who thinks that was agreed on would send it."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(b"x" * 1_000_000) + compressor.flush()


def garbage(chance: random.Random) -> bytes:
    text = bad_text(chance)
    cut = chance.randint(0, len(text))
    return chance.choice(
        [
            *[lambda: frame(text)] * 6,
            *[lambda: frame(text[:cut], fin=False) + frame(text[cut:], CONTINUATION)] * 2,
            lambda: frame(text[:cut], fin=False) + frame(b"?", PING) + frame(text[cut:], TEXT),
            lambda: frame(text, masked=False),
            lambda: frame(text, reserved=chance.randint(1, 7)),
            lambda: frame(bomb(), reserved=4),
            lambda: frame(text, chance.randint(0, 15), fin=chance.random() < 0.5),
            lambda: frame(chance.randbytes(chance.randint(126, 1000)), chance.choice([8, 9, 10])),
            lambda: frame(chance.randbytes(chance.randint(0, 125)), chance.choice([8, 9, 10])),
            lambda: frame(b"x", length=b"\x7f" + chance.randbytes(8)),
            lambda: frame(b"x", length=b"\x7e" + chance.randbytes(2)),
            lambda: frame(b"", CONTINUATION, fin=False) * chance.randint(1, 50),
            lambda: frame(b"", fin=False) + frame(b"", CONTINUATION, fin=False) * 50,
            lambda: chance.randbytes(chance.randint(1, 500)),
            lambda: b"GET / HTTP/1.1\r\n\r\n",
            lambda: bytes(chance.randint(1, 200)),
        ]
    )()


async def try_one(server: Server, client: Client, chance: random.Random) -> str:
    """Send garbage; how the session took it."""
    data = garbage(chance)
    pieces = chance.choice([1, 1, 2, 5])
    cuts = sorted(chance.randint(0, len(data)) for _ in range(pieces - 1))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        await client.send(data[start:end])
        await asyncio.sleep(0)
    await client.send(frame(REQUEST.replace(b"1}", b'"behind it"}')))
    is_half_closed = chance.random() < 0.05
    if is_half_closed:
        client.writer.write_eof()
    elif chance.random() < 0.1:
        return "left"
    while True:
        heard = await client.hear()
        if heard.opcode == CLOSE:
            return "closed"
        if heard.opcode == TEXT and heard.json.get("id") == "behind it":
            return "half-closed" if is_half_closed else "answered"
        assert heard.opcode == PONG or "error" in heard.json or "result" in heard.json, heard


async def work(server: Server, chance: random.Random, cases: int) -> Counter[str]:
    client = await server.client()
    outcomes: Counter[str] = Counter()
    for _ in range(cases):
        outcome = "cut"
        try:
            async with asyncio.timeout(UNFINISHED_S):
                outcome = await try_one(server, client, chance)
        except TimeoutError:
            outcome = "unfinished"
        except (OSError, asyncio.IncompleteReadError):
            pass
        outcomes[outcome] += 1
        if outcome != "answered":
            await client.close()
            client = await server.client()
    return outcomes


@pytest.mark.parametrize("seed", [1])
def test_garbage_is_answered_or_closed_and_others_lose_nothing(seed):
    async def run():
        async with served_rooms(connections_per_address=1000) as server:
            witness = await server.subscriber("count.witness")
            stop = asyncio.Event()
            said = 0

            async def talk():
                nonlocal said
                while not stop.is_set():
                    said += 1
                    message = server.rooms.say("count.witness", b"%d" % said)
                    await server.publish("count.witness", message)
                    await asyncio.sleep(0.01)

            talking = asyncio.create_task(talk())
            workers = [
                work(server, random.Random(seed * WORKERS + number), CASES // WORKERS)
                for number in range(WORKERS)
            ]
            outcomes = sum(await asyncio.gather(*workers), Counter[str]())
            stop.set()
            await talking
            for number in range(1, said + 1):
                assert (await witness.hear_json())["data"] == number
            assert said > 10
            assert outcomes["answered"] > CASES // 5
            assert outcomes["closed"] > CASES // 5
            assert outcomes["unfinished"] < CASES // 4, "which promise more than comes"
            newcomer = await server.client()
            assert await newcomer.ask("SUBSCRIBE", "talk.a") == json.loads(
                b'{"id": 1, "result": null}'
            )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000,
        b"GET /\xff\x00 HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_is_no_handshake_is_refused(request_bytes, monkeypatch):
    monkeypatch.setattr("truebook.ws.connections.WS_HANDSHAKE_S_MAX", 0.3)

    async def run():
        async with served_rooms() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request_bytes)
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionError):
                    answer = await reader.read(100)
                    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            assert (await server.handshake())[0] == 101

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())

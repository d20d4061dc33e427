"""Sessions over real sockets, of an application that is no exchange."""

import asyncio
import json

import pytest
import uvloop
from rooms.application import WORD
from rooms.client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    frame,
    served_rooms,
    until,
)

from truebook.limits import WS_MESSAGE_BYTES_MAX, WS_SUBSCRIPTIONS_MAX

DONE = {"id": 1, "result": None}


@pytest.fixture
def served():
    """Runs a test with a server; one that fails in its own work fails the test."""

    def run(test, **options):
        async def running():
            async with served_rooms(**options) as server:
                await test(server)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(running())

    return run


def error(code, message, request_id=1):
    return {"id": request_id, "error": {"code": code, "message": message}}


def test_a_subscriber_hears_its_streams_and_no_others(served):
    async def test(server):
        client = await server.subscriber("talk.a", "news.b")
        await server.publish("talk.b", b'"other"')
        await server.publish("talk.a", b'"one"', b'{"two":2}')
        assert await client.hear_json() == {"stream": "talk.a", "data": "one"}
        assert await client.hear_json() == {"stream": "talk.a", "data": {"two": 2}}

    served(test)


def test_a_stream_is_called_what_the_client_called_it(served):
    async def test(server):
        name = 'talk."×\\'
        client = await server.subscriber(name)
        await server.publish(name, b"1")
        assert await client.hear_json() == {"stream": name, "data": 1}

    served(test)


def test_after_unsubscribing_nothing_comes(served):
    async def test(server):
        client = await server.subscriber("talk.a", "talk.b")
        assert await client.ask("UNSUBSCRIBE", "talk.a", "talk.never") == DONE
        await server.publish("talk.a", b"1")
        await server.publish("talk.b", b"2")
        assert await client.hear_json() == {"stream": "talk.b", "data": 2}

    served(test)


def test_only_a_request_with_an_id_is_answered(served):
    async def test(server):
        client = await server.client()
        await client.say("SUBSCRIBE", "talk.a")
        await client.say("SUBSCRIBE", "talk.a", id="x")
        assert await client.hear_json() == {"id": "x", "result": None}
        await client.say("SUBSCRIBE", "nothing")
        assert await client.hear_json() == error(4006, "Invalid stream", None)

    served(test)


def test_a_request_that_fails_changes_nothing(served):
    async def test(server):
        client = await server.client()
        assert await client.ask("SUBSCRIBE", "talk.a", "bogus") == error(4006, "Invalid stream")
        assert await client.ask("SUBSCRIBE", "talk.b") == DONE
        await server.publish("talk.a", b"1")
        await server.publish("talk.b", b"2")
        assert await client.hear_json() == {"stream": "talk.b", "data": 2}

    served(test)


def test_subscribing_twice_sends_once(served):
    async def test(server):
        client = await server.subscriber("talk.a", "count.a")
        assert await client.ask("SUBSCRIBE", "talk.a", "talk.a", "count.a") == DONE
        await server.publish("talk.a", b"1")
        await server.publish("count.a", server.rooms.say("count.a", b"1"))
        await server.publish("talk.a", b"2")
        heard = [await client.hear_json() for _ in range(3)]
        assert sorted(map(str, heard)) == sorted(
            str({"stream": name, "data": data})
            for name, data in (("talk.a", 1), ("count.a", 1), ("talk.a", 2))
        )

    served(test)


def test_what_was_missed_is_sent_before_the_answer(served):
    async def test(server):
        for number in range(1, 6):
            server.rooms.say("count.a", b"%d" % number)
        client = await server.client()
        await client.say("SUBSCRIBE", "count.a", id=1, after=3)
        heard = [await client.hear_json() for _ in range(3)]
        assert [message.get("data") for message in heard] == [4, 5, None]
        assert heard[-1] == DONE

    served(test)


def test_a_long_backlog_is_sent_as_fast_as_it_is_read(served):
    async def test(server):
        texts = [json.dumps(f"{number} {'x' * 500}").encode() for number in range(10_000)]
        for text in texts:
            server.rooms.say("count.a", text)
        client = await server.client(receive_bytes=4096)
        await client.say("SUBSCRIBE", "count.a", id=1, after=0)
        await asyncio.sleep(0.05)
        for text in texts:
            assert (await client.hear_json())["data"] == json.loads(text)
        assert await client.hear_json() == DONE

    served(test)


def test_what_came_after_cannot_be_had(served, monkeypatch):
    monkeypatch.setattr("truebook.ws.numbering.WS_BACKLOG_S_MAX", 0.05)

    async def test(server):
        server.rooms.say("count.a", b"1")
        client = await server.client()
        answer = await client.ask("SUBSCRIBE", "count.a", after=2)
        assert answer == error(4007, "what came after `after` can't be had")
        assert await client.ask("SUBSCRIBE", "count.a", after=1) == DONE

    served(test)


def test_who_may_no_longer_hear_is_told_and_hears_no_more(served):
    async def test(server):
        client = await server.client()
        answer = await client.ask("SUBSCRIBE", "whisper.a", signature=["no", "", "", ""])
        assert answer == error(4004, "signature: the word is another one")
        assert await client.ask("SUBSCRIBE", "whisper.a", signature=WORD) == DONE
        await server.publish("whisper.a", server.rooms.say("whisper.a", b"1"))
        assert (await client.hear_json())["data"] == 1
        server.rooms.word_holds = False
        assert await client.hear_json() == error(4004, "whisper.a: no longer authorised", None)
        await server.publish("whisper.a", server.rooms.say("whisper.a", b"2"))
        assert await client.ask("SUBSCRIBE", "talk.a") == DONE

    served(test)


def test_updates_that_cannot_be_had_close_the_session(served, monkeypatch):
    monkeypatch.setattr("truebook.ws.numbering.WS_BACKLOG_S_MAX", 0.05)

    async def test(server):
        client = await server.subscriber("count.a")
        other = await server.subscriber("talk.a")
        server.rooms.is_available = False
        server.rooms.say("count.a", b"1")
        await server.publish("count.a", server.rooms.say("count.a", b"2"))
        heard = await client.hear()
        assert (heard.code, heard.payload[2:]) == (1013, b"updates can't be had")
        await client.hear_end()
        await server.publish("talk.a", b"1")
        assert (await other.hear_json())["data"] == 1

    served(test)


def test_a_message_may_come_in_pieces_with_a_ping_between(served):
    async def test(server):
        client = await server.client()
        text = b'{"method": "SUBSCRIBE", "params": ["talk.\xc3\x97"], "id": 1}'
        cut = text.index(b"\x97")
        await client.send(frame(text[:cut], fin=False))
        await client.send(frame(b"are you there", PING))
        await client.send(frame(b"", CONTINUATION, fin=False))
        await client.send(frame(text[cut:], CONTINUATION))
        assert await client.hear() == (PONG, b"are you there")
        assert await client.hear_json() == DONE

    served(test)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"x", BINARY), 1003),
        (frame(b"\xff\xfe"), 1007),
        (frame(b"x", CONTINUATION), 1002),
        (frame(b"x", fin=False) + frame(b"y"), 1002),
        (frame(b"x", reserved=4), 1002),
        (frame(b"x", reserved=1), 1002),
        (frame(b"x", 3), 1002),
        (frame(b"x", 11), 1002),
        (frame(b"x", masked=False), 1002),
        (frame(b"x" * 126, PING), 1002),
        (frame(b"x", PING, fin=False), 1002),
        (frame(b"x" * (WS_MESSAGE_BYTES_MAX + 1)), 1009),
        (frame(b"", length=b"\x7f" + b"\x7f" * 8), 1009),
        (frame(b"", length=b"\x7f" + b"\xff" * 8), 1002),
        (frame(b"x" * 40_000, fin=False) + frame(b"x" * 40_000, CONTINUATION), 1009),
        (frame(b"\x03", CLOSE), 1002),
        (frame(b"\x03\xec", CLOSE), 1002),
    ],
    ids=range(17),
)
def test_a_violation_closes_with_its_code_and_disturbs_nobody(served, data, code):
    async def test(server):
        other = await server.subscriber("talk.a")
        client = await server.client()
        await client.send(data)
        assert (await client.hear()).code == code
        await client.hear_end()
        await server.publish("talk.a", b"1")
        assert (await other.hear_json())["data"] == 1

    served(test)


def test_a_client_that_says_goodbye_is_answered(served):
    async def test(server):
        client = await server.subscriber("talk.a")
        await client.send(frame(b"\x03\xe8bye", CLOSE))
        assert (await client.hear()).code == 1000
        await client.hear_end()
        await until(lambda: len(server.users) == 0)

    served(test)


def test_pings_that_nobody_reads_the_answers_of_take_no_memory(served):
    async def test(server):
        client = await server.client(receive_bytes=4096)
        pings = frame(b"x" * 125, PING) * 1000

        async def flood():
            for _ in range(200):
                await client.send(pings)

        await flood()
        (session,) = server.users._sessions
        await until(lambda: session._outbox.is_congested)
        assert session._transport.underlying_transport.get_write_buffer_size() < 1 << 18
        assert session._outbox.bytes == 0

    served(test)


def test_a_dead_session_ends(served, monkeypatch):
    monkeypatch.setattr("truebook.ws.connected.WS_PING_S", 1.0)
    monkeypatch.setattr("truebook.ws.open_sessions.LOOK_S", 0.1)

    async def test(server):
        client = await server.subscriber("talk.a")
        alive = await server.subscriber("talk.a")
        heard = [await client.reader.readexactly(2)]
        assert heard == [bytes([0x80 | PING, 0])]
        hearing = asyncio.create_task(alive.hear())
        await until(lambda: len(server.users) == 1)
        await server.publish("talk.a", b"1")
        assert (await hearing).opcode == TEXT

    served(test)


def test_paths_and_what_asks_for_no_websocket(served):
    async def test(server):
        for path in ("/", "/stream", "/?x=1", "/stream?token=a"):
            assert (await server.handshake(path))[0] == 101
        for path in ("/ws", "/stream/", "//", "/%2e"):
            assert (await server.handshake(path))[0] == 404
        assert (await server.handshake(connection="keep-alive, Upgrade"))[0] == 101
        assert (await server.handshake(connection="keep-alive"))[0] == 400

    served(test)


def test_an_address_has_its_share_of_connections_and_no_more(served):
    async def test(server):
        clients = [await server.client() for _ in range(3)]
        assert (await server.handshake())[0] == 429
        await clients[0].close()
        await until(lambda: len(server.users) == 2)
        assert (await server.handshake())[0] == 101
        server.users._connections_max = 3
        assert (await server.handshake())[0] == 503

    served(test, connections_per_address=3)


def test_a_connection_has_its_share_of_subscriptions_and_no_more(served):
    async def test(server):
        client = await server.client()
        names = [f"talk.{number}" for number in range(WS_SUBSCRIPTIONS_MAX)]
        assert await client.ask("SUBSCRIBE", *names) == DONE
        answer = await client.ask("SUBSCRIBE", "talk.more")
        assert answer == error(4003, "at most 1024 subscriptions a connection")
        assert await client.ask("SUBSCRIBE", names[0]) == DONE
        assert await client.ask("UNSUBSCRIBE", names[0]) == DONE
        assert await client.ask("SUBSCRIBE", "talk.more") == DONE

    served(test)


def test_requests_that_wait_are_bounded(served):
    async def test(server):
        server.rooms.is_available = False
        client = await server.client()
        for _ in range(65):
            await client.say("SUBSCRIBE", "count.a", id=5)
        answer = await client.hear_json()
        assert answer == error(4003, "too many requests wait for their answers", 5)

    served(test)


def test_a_server_that_ends_says_goodbye_after_what_waits(served):
    async def test(server):
        slow = await server.client(receive_bytes=4096)
        await slow.ask("SUBSCRIBE", "talk.a")
        others = [await server.subscriber("talk.b") for _ in range(20)]
        big = json.dumps("x" * 8_000).encode()
        await server.publish("talk.a", *[big] * 60)
        await asyncio.sleep(0.02)
        leaving = asyncio.create_task(server.users.leave())
        for client in others:
            assert (await client.hear()).code == 1001
        for _ in range(60):
            assert (await slow.hear_json())["stream"] == "talk.a"
        assert (await slow.hear()).code == 1001
        await slow.hear_end()
        await leaving
        assert len(server.users) == 0
        assert (await server.handshake())[0] == 503

    served(test)


def test_a_fifth_of_the_readers_stops_and_the_others_lose_nothing(served, monkeypatch):
    monkeypatch.setattr("truebook.ws.outbox.WS_STUCK_S_MAX", 2.0)
    count = 500

    async def test(server):
        stopped = [await server.client(receive_bytes=4096) for _ in range(20)]
        for client in stopped:
            await client.ask("SUBSCRIBE", "talk.a")
        readers = [await server.subscriber("talk.a") for _ in range(80)]
        sessions = list(server.users._sessions)
        most = 0

        async def read(client):
            for number in range(count):
                payload = (await client.hear()).payload
                assert payload.startswith(b'{"stream":"talk.a","data":{"n":%d,' % number)

        reading = [asyncio.create_task(read(client)) for client in readers]
        filling = b"x" * 5_000
        for number in range(count):
            await server.publish("talk.a", b'{"n":%d,"x":"%b"}' % (number, filling))
            if number % 10 == 0:
                most = max(most, *(session._outbox.bytes for session in sessions))
                await asyncio.sleep(0.001)
        await asyncio.gather(*reading)
        await until(lambda: len(server.users) == 80)
        assert most <= (1 << 20) + 6_000
        for client in stopped:
            await client.hear_end()

    served(test, connections_per_address=200)

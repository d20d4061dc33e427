"""Who is let in, who has to leave, and who wants to know: what the application decides."""

import asyncio

import pytest
import uvloop
from rooms.client import CLOSE, served_rooms, until

DONE = {"id": 1, "result": None}


@pytest.fixture
def served():
    def run(test, **options):
        async def running():
            async with served_rooms(**options) as server:
                await test(server)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(running())

    return run


def test_the_application_decides_who_is_let_in(served):
    async def test(server):
        status, _ = await server.handshake(headers="Banned: yes\r\n")
        assert status == 403
        assert len(server.users) == 0
        status, _ = await server.handshake(headers="Name: ann\r\n")
        assert status == 101

    served(test)


def test_the_application_is_told_where_somebody_comes_from_behind_a_proxy(served):
    async def test(server):
        for number in range(3):
            for _ in range(2):
                await server.client(headers=f"X-Forwarded-For: 192.0.2.{number}\r\n")
        assert len(server.users) == 6, "each address has its own share"
        status, _ = await server.handshake(headers="X-Forwarded-For: 192.0.2.1\r\n")
        assert status == 429
        addresses = [guest.address for guest in server.rooms.guests]
        assert addresses == ["192.0.2.0"] * 2 + ["192.0.2.1"] * 2 + ["192.0.2.2"] * 2

    served(test, connections_per_address=2, proxies="127.0.0.1")


def test_nobody_is_believed_who_is_no_proxy(served):
    async def test(server):
        await server.client(headers="X-Forwarded-For: 192.0.2.1\r\n")
        assert [guest.address for guest in server.rooms.guests] == ["127.0.0.1"]

    served(test)


def test_requests_wait_until_it_is_known_who_came(served):
    async def test(server):
        server.rooms.book_opens.clear()
        client = await server.client(headers="Name: ann\r\n")
        await client.say("SUBSCRIBE", "mine.x", id=1)
        await client.say("SUBSCRIBE", "talk.a", id=2)
        other = await server.subscriber("talk.a")
        server.rooms.book_opens.set()
        assert await client.hear_json() == DONE
        assert await client.hear_json() == {"id": 2, "result": None}
        await server.publish("mine.ann", b"1")
        assert await client.hear_json() == {"stream": "mine.x", "data": 1}
        await server.publish("talk.a", b"2")
        assert await other.hear_json() == {"stream": "talk.a", "data": 2}

    served(test)


def test_requests_that_wait_for_that_are_bounded(served):
    async def test(server):
        server.rooms.book_opens.clear()
        client = await server.client(headers="Name: ann\r\n")
        for _ in range(65):
            await client.say("SUBSCRIBE", "talk.a")
        heard = await client.hear()
        assert (heard.opcode, heard.code) == (CLOSE, 1013)

    served(test)


def test_a_bug_in_finding_out_ends_that_session_only(served):
    async def test(server):
        other = await server.subscriber("talk.a")
        client = await server.client(headers="Name: bug\r\n")
        heard = await client.hear()
        assert (heard.opcode, heard.code) == (CLOSE, 1011)
        await server.publish("talk.a", b"1")
        assert await other.hear_json() == {"stream": "talk.a", "data": 1}

    served(test)


def test_who_has_to_leave_is_closed_with_the_reason(served):
    async def test(server):
        client = await server.client(headers="Name: ann\r\n")
        assert await client.ask("SUBSCRIBE", "talk.a") == DONE
        server.rooms.book.clear()
        heard = await client.hear()
        assert (heard.opcode, heard.code) == (CLOSE, 1008)
        assert heard.payload[2:] == b"you are not in the book"
        await client.hear_end()

    served(test)


def test_a_presence_begins_before_the_answer_and_says_how_it_ended(served):
    async def test(server):
        stays = server.rooms.stays
        asked, lost = await server.subscriber("here.a"), await server.subscriber("here.b")
        assert stays == ["a began", "b began"]
        assert await asked.ask("SUBSCRIBE", "here.a") == DONE
        assert await asked.ask("UNSUBSCRIBE", "here.a", "here.never") == DONE
        await lost.close()
        await asked.close()
        await until(lambda: len(server.users) == 0)
        assert stays == ["a began", "b began", "a left", "b lost"]

    served(test)


def test_a_presence_that_can_not_begin_is_told_and_is_none(served):
    async def test(server):
        client = await server.client()
        refused = {"id": 1, "error": {"code": 4007, "message": "the room is full"}}
        assert await client.ask("SUBSCRIBE", "here.full") == refused
        assert server.rooms.stays == ["full lost"]

    served(test)


def test_a_presence_that_is_no_longer_allowed_is_lost(served):
    async def test(server):
        client = await server.subscriber("here.a")
        server.rooms.word_holds = False
        assert (await client.hear_json())["error"]["code"] == 4004
        assert server.rooms.stays == ["a began", "a lost"]

    served(test)


def test_a_server_that_ends_ends_every_presence(served):
    async def test(server):
        await server.subscriber("here.a")
        await server.users.leave()
        assert server.rooms.stays == ["a began", "a lost"]

    served(test)

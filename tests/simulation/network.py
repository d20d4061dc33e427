"""Connections between processes and servers: they take time, break, and keep their order.

Promise: what the real transport could do happens here, and nothing else. Requests on one connection
arrive in order; a connection that breaks takes with it what was on the way, before the server had
it or after, and the sender can't know which; a message that is published is heard by who is
subscribed when it comes, or not at all.
"""

import asyncio

LATENCY_S = 0.0004
"""One way, in the mean."""
APART_S = 1e-6
"""What comes on one connection, comes one after the other."""


class NotReached(Exception):
    """Nothing was sent: the server can't be reached."""


class AnswerLost(Exception):
    """The connection broke after the request was sent: it may or may not have been done."""


class Server:
    """A process that answers requests, one at a time, and can be stopped and started."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.is_up = True
        self.life_number = 0
        """Another one after each start."""
        self._unfinished = []
        self._free_s = 0.0
        self._still_until_s = 0.0
        self.on_stop = []

    def serve(self, life, operation, work_s, tell):
        """Carry out a request that has arrived, and `tell` what came of it."""
        loop = self.world.loop
        is_still = loop.time() < self._still_until_s
        begins_s = self._still_until_s if is_still else loop.time()
        self._free_s = max(begins_s, self._free_s + APART_S) + work_s
        request = [operation, tell]
        self._unfinished.append(request)

        def finish():
            if self.life_number == life:
                self._unfinished.remove(request)
                tell(*_outcome(operation))

        # Behind whatever waits already: a server doesn't let anybody overtake.
        if self._free_s > loop.time():
            loop.call_at(self._free_s, finish, context=self.world.context)
        else:
            finish()

    def stand_still(self, seconds):
        """Do nothing for a while (SIGSTOP), and then what was asked for meanwhile, at the time of
        then. Who stands still already does so for no shorter."""
        self.world.trace(f"{self.name} server stands still for {seconds:.2f} s")
        self._still_until_s = max(self._still_until_s, self.world.loop.time() + seconds)

    def stop(self):
        """End as by SIGKILL: of the requests at hand some are done, and none is answered."""
        if not self.is_up:
            return
        self.world.trace(f"{self.name} server stops")
        self.is_up = False
        self.life_number += 1
        unfinished, self._unfinished = self._unfinished, []
        done = self.world.random.randrange(len(unfinished) + 1)
        for operation, _ in unfinished[:done]:
            _outcome(operation)
        for _, tell in unfinished:
            tell(None, AnswerLost(f"{self.name} server ended"))
        self._free_s = self._still_until_s = 0.0
        for call in list(self.on_stop):
            call()

    def start(self):
        """Be there again."""
        if not self.is_up:
            self.world.trace(f"{self.name} server starts")
            self.is_up = True


def _outcome(operation):
    try:
        return operation(), None
    except Exception as error:
        return None, error


class Wire:
    """A process's connection to a server, for requests."""

    def __init__(self, process, server):
        self.process = process
        self.server = server
        self._arrives_s = 0.0
        self._answers_s = 0.0

    async def call(self, name, operation, work_s=0.0):
        """What the operation gives or raises, carried out at the server. Raises NotReached,
        AnswerLost."""
        process, server, world = self.process, self.server, self.process.world
        process.pass_point(f"{process.kind}: before {name}")
        if not server.is_up:
            await asyncio.sleep(LATENCY_S)
            raise NotReached(f"the {server.name} server is away")
        loop = world.loop
        answer = loop.create_future()
        life = server.life_number
        broken = world.faults.breaks(process, server, name)

        def tell(found, error):
            self._answers_s = max(self._answers_s + APART_S, loop.time() + world.latency_s())
            loop.call_at(self._answers_s, _settle, answer, found, error, context=world.context)

        def arrive():
            if server.life_number != life or broken == "before":
                tell(None, AnswerLost(f"the connection to the {server.name} server broke"))
            elif broken == "after":
                server.serve(life, operation, work_s, lambda *_: tell(None, AnswerLost("it broke")))
            else:
                server.serve(life, operation, work_s, tell)

        self._arrives_s = max(self._arrives_s + APART_S, loop.time() + world.latency_s())
        loop.call_at(self._arrives_s, arrive, context=world.context)
        found = await answer
        process.pass_point(f"{process.kind}: after {name}")
        return found


def _settle(answer, found, error):
    if answer.done():
        return
    if error is None:
        answer.set_result(found)
    else:
        answer.set_exception(error)
        answer.exception()


class Ear:
    """A process's subscribed connection to the bus; connects again by itself."""

    RECONNECT_S = 0.1

    def __init__(self, process, server):
        self._process = process
        self._server = server
        self._world = process.world
        self._receivers = {}
        self._hands = {}
        self._number = 0
        """Of the connection."""
        self._comes_s = 0.0
        self.is_open = server.is_up
        self.on_reconnect = []
        server.on_stop.append(self.lose)
        process.on_death.append(self.close)
        if not self.is_open:
            self._connect_soon()

    def subscribe(self, channel, receive):
        """Hear a channel from now on, or from when the server can be reached."""
        self.unsubscribe(channel)
        self._receivers[channel] = receive
        if self.is_open:
            self._listen(channel)

    def unsubscribe(self, channel):
        """Hear it no more."""
        self._receivers.pop(channel, None)
        hand = self._hands.pop(channel, None)
        if hand is not None:
            self._server.receivers[channel].remove(hand)

    def lose(self):
        """The connection breaks, with what is on its way."""
        if self.is_open:
            self._leave()
            self._connect_soon()

    def close(self):
        """Hear nothing more, for good."""
        self._leave()
        self._receivers.clear()
        if self.lose in self._server.on_stop:
            self._server.on_stop.remove(self.lose)

    def _leave(self):
        self._number += 1
        self.is_open = False
        for channel, hand in self._hands.items():
            listening = self._server.receivers.get(channel, [])
            if hand in listening:
                listening.remove(hand)
        self._hands.clear()

    def _listen(self, channel):
        number = self._number

        def hand(message):
            loop = self._world.loop
            comes_s = loop.time() + self._world.latency_s()
            self._comes_s = max(self._comes_s + APART_S, comes_s)
            context = self._process.context
            loop.call_at(self._comes_s, self._hear, number, channel, message, context=context)

        self._hands[channel] = hand
        self._server.receivers.setdefault(channel, []).append(hand)

    def _hear(self, number, channel, message):
        receive = self._receivers.get(channel)
        if number == self._number and receive is not None and self._process.is_alive:
            receive(message)

    def _connect_soon(self):
        wait_s = self.RECONNECT_S + self._world.latency_s()
        self._process.call_later(wait_s, self._connect)

    def _connect(self):
        if not self._server.is_up:
            self._connect_soon()
            return
        self.is_open = True
        for channel in self._receivers:
            self._listen(channel)
        for call in self.on_reconnect:
            call()

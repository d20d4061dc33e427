"""Whether the engines are what the log says, for everybody to see.

Promise: an engine's attestation is told only if a key that the log trusts has signed it; what is
told of a verdict names engine, interval and records, and no amount that is an account's own. Asked
however often, the exchange is looked at once in LOOK_S a gateway.
"""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from truebook.api.errors import unavailable
from truebook.api.exchange import Exchange
from truebook.api.observing import Observed, Observer
from truebook.api.response import JsonResponse
from truebook.api.shapes import proof as shapes
from truebook.clock import Clock
from truebook.commandlog.attestations import Attested, NotAnAttestation, read
from truebook.commandlog.halts import Halt
from truebook.commandlog.interface import GENESIS, LogUnavailable, Position
from truebook.queries import Answer

LOOK_S = 2.0
VERDICT_MS = 3_600_000
"""So long a verdict counts as news that everybody should see; a halt does until it is over."""
Told = dict[str, str | int | float | bool]


class Integrity:
    """The endpoint."""

    def __init__(self, exchange: Exchange, observer: Observer | None, clock: Clock) -> None:
        """`observer` None: there is nobody to look at."""
        self._exchange = exchange
        self._observer = observer
        self._clock = clock
        self._looking = asyncio.Lock()
        self._told: shapes.Integrity | None = None
        self._looked_s = 0.0

    def routes(self) -> list[Route]:
        """Each endpoint at its path."""
        return [Route("/api/v1/integrity", self.integrity, methods=["GET"])]

    async def integrity(self, request: Request) -> Response:
        """Each engine with what it has signed last, and the witness's verdict."""
        async with self._looking:
            told = self._told
            if told is None or self._clock.elapsed_s() - self._looked_s > LOOK_S:
                told = self._told = await self._look()
                self._looked_s = self._clock.elapsed_s()
        return JsonResponse(told, headers={"Cache-Control": "no-store"})

    async def _look(self) -> shapes.Integrity:
        if self._observer is None:
            position = str(self._exchange.last_position)
            return _told("Unknown", position, [], None, None)
        try:
            seen = await self._observer.observe()
        except LogUnavailable as error:
            raise unavailable(error) from None
        signed = _signed(seen.attestations, self._exchange.directory.attesters)
        engines = [_engine(answer, seen.end, signed) for answer in seen.engines]
        statuses = [answer.status for answer in seen.roles]
        witness = next((one for one in statuses if one.get("role") == "witness"), None)
        verdict = _verdict(seen, witness or {})
        return _told(
            self._state(engines, witness, verdict),
            str(seen.end),
            sorted(engines, key=lambda engine: engine["name"]),
            None if witness is None else _witness(witness),
            verdict,
        )

    def _state(
        self,
        engines: Sequence[shapes.EngineSeen],
        witness: Told | None,
        verdict: shapes.VerdictSeen | None,
    ) -> shapes.IntegrityState:
        if verdict is not None and verdict["halts"]:
            return "Halted"
        if verdict is not None and self._clock.now_ms() - verdict["atMs"] < VERDICT_MS:
            return "Wrong"
        if not engines:
            return "Unknown"
        return "Agreed" if witness is not None and witness.get("position") else "Alone"


def _told(
    state: shapes.IntegrityState,
    position: str,
    engines: list[shapes.EngineSeen],
    witness: shapes.WitnessSeen | None,
    verdict: shapes.VerdictSeen | None,
) -> shapes.Integrity:
    return {
        "state": state,
        "position": position,
        "engines": engines,
        "witness": witness,
        "verdict": verdict,
    }


def _signed(messages: Sequence[bytes], trusted: dict[bytes, str]) -> dict[str, Attested]:
    """The newest attestation of each engine that the log trusts."""
    found: dict[str, Attested] = {}
    for message in messages:
        try:
            attestation = read(message)
        except NotAnAttestation:
            continue
        name = trusted.get(attestation.key)
        if name is not None and attestation.fault is None:
            found.setdefault(name, attestation.of)
    return found


def _engine(answer: Answer, end: Position, signed: dict[str, Attested]) -> shapes.EngineSeen:
    name = str(answer.status.get("engine", ""))
    position = Position.parse(answer.position)
    of = signed.get(name)
    return {
        "name": name,
        "position": answer.position,
        "lagMs": 0 if position == GENESIS else max(0, end.high - position.high),
        "stateHash": str(answer.status.get("stateHash", "")),
        "publishes": bool(answer.status.get("active")),
        "halted": bool(answer.status.get("halted")),
        "attested": None
        if of is None
        else {
            "position": str(of.position),
            "timeMs": of.time_ms,
            "stateHash": of.state_hash.hex(),
        },
    }


def _witness(status: Told) -> shapes.WitnessSeen:
    return {
        "position": str(status.get("position", "")),
        "stateHash": str(status.get("stateHash", "")),
        "verdicts": int(status.get("verdicts", 0)),
        "hasTrouble": bool(status.get("trouble")),
    }


def _verdict(seen: Observed, witness: Told) -> shapes.VerdictSeen | None:
    """Why the venue is halted; else what the witness has found last."""
    halt = seen.standing.halt
    if halt is None and not witness.get("verdictEngine"):
        return None
    if halt is None:
        halt = Halt(
            str(witness["verdictEngine"]),
            str(witness.get("verdictAgreed", "")),
            "",
            str(witness.get("verdictFirst", "")),
            str(witness.get("verdictWhat", "")),
            int(witness.get("verdictAtMs", 0)),
        )
    return {
        "engine": halt.engine,
        "agreed": halt.agreed,
        "first": halt.first,
        "what": without_values(halt.what),
        "atMs": halt.at_ms,
        "halts": seen.standing.halt is not None,
    }


def without_values(what: str) -> str:
    """The records that differ, without what stands in them: `balance of account 7 in asset 1:
    available 5, not available 3` tells everybody what somebody has."""
    return "; ".join(piece.partition(": ")[0] for piece in what.split("; "))

"""Proofs: what the venue owes, and whether its engines are what the log says (docs/proof.md)."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from truebook.api.shapes.values import AssetSymbol, Count, Decimal, Milliseconds, Name

Position = Annotated[
    str,
    Meta(pattern="^[0-9]{1,20}-[0-9]{1,20}$", description="of the log", examples=["5-0"]),
]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="32 bytes in hex")]
StateHash = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="16 bytes in hex")]
Atoms = Annotated[
    str, Meta(pattern="^(0|[1-9][0-9]{0,18})$", description="whole atoms of an asset")
]


class OfProof(TypedDict):
    """Query: which proof; the latest by default."""

    position: NotRequired[Position]


class ProofRoot(TypedDict):
    """What the venue owes in all, signed."""

    root: Annotated[str, Meta(description="the signed statement: a text of a few lines")]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of `root`")]
    position: Position
    timeMs: Milliseconds
    signer: Annotated[str, Meta(description="the engine whose key has signed")]
    trusted: Annotated[bool, Meta(description="whether the log trusts that key now")]
    totals: dict[str, Decimal]


class ProofStep(TypedDict):
    """A neighbour on the way up."""

    hash: Hash
    sum: Atoms


class ProofBranch(TypedDict):
    """One leaf of the account's, and the way from it to the root."""

    asset: AssetSymbol
    atoms: Atoms
    salt: Hash
    index: Count
    path: list[ProofStep]


class AccountProof(TypedDict):
    """All that an account needs to check what it is owed."""

    root: str
    accountId: Count
    name: Name
    branches: list[ProofBranch]


class Attested(TypedDict):
    """What an engine has signed last; the signature was checked."""

    position: Position
    timeMs: Milliseconds
    stateHash: StateHash


class EngineSeen(TypedDict):
    """An engine, by its own word and by what it has signed."""

    name: str
    position: Position
    lagMs: Count
    stateHash: StateHash
    publishes: bool
    halted: bool
    attested: Attested | None


class WitnessSeen(TypedDict):
    """How far the witness has compared."""

    position: Annotated[str, Meta(description="the last at which all agreed; empty: none yet")]
    stateHash: str
    verdicts: Annotated[int, Meta(ge=0, description="ever passed")]
    hasTrouble: Annotated[bool, Meta(description="it can't compare at the moment")]


class VerdictSeen(TypedDict):
    """Who was found wrong, and where; the values are for operators (`truebook status`)."""

    engine: str
    agreed: Annotated[str, Meta(description="the last position known to be right")]
    first: Annotated[str, Meta(description="the first position known to be wrong")]
    what: str
    atMs: Milliseconds
    halts: Annotated[bool, Meta(description="the venue stands still because of it")]


IntegrityState = Literal["Agreed", "Alone", "Wrong", "Halted", "Unknown"]


class Integrity(TypedDict):
    """Whether the engines are what the log says."""

    state: IntegrityState
    position: Annotated[str, Meta(description="where the log ends")]
    engines: list[EngineSeen]
    witness: WitnessSeen | None
    verdict: VerdictSeen | None

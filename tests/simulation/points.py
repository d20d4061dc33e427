"""The named points: where a process may be killed between one effect and the next.

Promise: the code under test passes every one of them by itself, since they lie at its seams: what
it asks of log and bus, of the file system, of the database and of the engine. Nothing in it was
written for them. A test makes sure that each is reached and is deadly now and then.
"""

POINTS = {
    "gateway: before leasing a number": "it has no number yet",
    "gateway: after leasing a number": "a number is used up for nothing",
    "gateway: before append": "orders are packed, and not sent",
    "gateway: after append": "orders are on disk, and nobody was told so",
    "engine: before fencing": "the bus is empty, claims of an earlier stream may still stand",
    "engine: after beginning": "where the stream begins is noted",
    "engine: before applying": "a batch is read, and marked as being applied",
    "engine: after applying": "a batch is applied, and neither published nor noted as done",
    "engine: before publishing": "events are made, and nobody has them",
    "engine: after publishing": "events are in the stream, and the engine doesn't know",
    "engine: before claiming": "entries are found too late",
    "engine: after claiming": "the stream waits for a recovery that nobody has written",
    "engine: before a recovery": "the same, a moment later",
    "engine: after a recovery": "the recovery is in the log, and its writer doesn't know",
    "engine: before attesting": "a state is hashed, and not attested",
    "engine: before telling": "a question is answered, a vote given, and not sent",
    "snapshot: half written": "a temporary file is cut off",
    "snapshot: written": "the temporary file is whole, and has no name yet",
    "snapshot: renamed": "the file has its name, and older ones are not removed",
    "archive: written": "a segment is whole, under a temporary name",
    "archive: renamed": "a segment is there, and the server still has its entries",
    "archive: before trimming": "the same, a moment later",
    "archive: after trimming": "the server has dropped entries, and the archive doesn't know",
    "feed: before telling": "a pass is folded, and not told",
    "feed: after telling": "a pass is told, and the feed doesn't know",
    "feed: after append": "a tick is in the log",
    "store: before writing": "a batch is folded",
    "store: in a batch": "some rows of a batch are written, its position isn't",
    "store: after writing": "a batch is committed, and the store doesn't know",
    "witness: before attestations": "it is about to hear",
}
"""What each leaves behind."""

"""The naive twin: the engine again, in plain Python, obviously right rather than fast.

Promise: bit-identical events, replies and state hashes to the fast engine, from the same rules
(docs/rules.md). Why it can be trusted: whole numbers of any size, dictionaries and linked lists,
one file for each thing, and no optimisation. In the order in which a command meets them:

    engine.py      log entries, gateway sequences, which command goes where
    commands.py    bytes → commands
    placing.py     PLACE: the checks (orderchecks.py), the order (neworder.py, deadlines.py)
    entering.py    an order meets its market: the last checks, and what becomes of it
    matching.py    taker against makers
    fok.py         whether an order of all or nothing can be filled whole
    trading.py     one fill: assets, fees, numbers
    triggers.py    PLACE_TRIGGER, and the orders that wait until they fire
    cancelling.py  CANCEL, CANCEL_ALL;  timers.py  CANCEL_AFTER;  amending.py  AMEND
    funding.py     DEPOSIT, WITHDRAW, REQUEST_WITHDRAWAL, SETTLE_WITHDRAWAL
    outcome.py     an order rests, is closed or is filled, and its gateway is told
    recording.py   NOTE, RECOVERY
    configuring.py TICK and SET_… of the venue (marketvalues.py); accounts.py  SET_ACCOUNT, SET_KEY
    state.py       all there is: book.py (books of orders), ledger.py (balances), settings.py
    journal.py     events and replies → bytes (records.py, settingevents.py, timeflags.py)
    answers.py     questions about the state; statehash.py  the hash of everything, from scratch
"""

from truebook.engine.naive.engine import NaiveEngine

__all__ = ["NaiveEngine"]

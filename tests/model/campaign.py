"""Long comparisons, cut into jobs that are each reproduced from one seed, on all processors."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from time import time_ns

from model.commands import Commands
from model.comparison import SideBySide
from model.engines import candidate, naive

HISTORIES = ((2, False), (1, False), (2, False), (1, True))
"""What a log may have gone through: its rules at the founding, and whether they change within."""

FULL_EVERY = 16
"""Inputs from one look at every order and setting to the next; the hash covers them in between."""


@dataclass(frozen=True)
class Job:
    """One comparison, of inputs of about 64 commands or, with `every_command`, of one.

    After each input all balances and depths are compared, after each 64 commands the state hash.
    """

    seed: int
    commands: int
    every_command: bool
    name: str
    """Of the candidate."""
    rules: int
    """The version from the founding on."""
    switches: bool
    """Version 2 comes somewhere within."""


def jobs(seeds: Iterable[int], commands: int, every_command: bool, name: str) -> Iterator[Job]:
    """Yield a job for each seed; their logs have different histories."""
    for number, seed in enumerate(seeds):
        yield Job(seed, commands, every_command, name, *HISTORIES[number % len(HISTORIES)])


def run(job: Job) -> int:
    """Run a job; a failure says which. Returns the number of commands made."""
    pair = SideBySide(naive(), candidate(job.name))
    number = -1
    commands = Commands(job.seed, job.rules, job.switches)
    inputs = commands.inputs(job.commands, 1 if job.every_command else 64)
    try:
        for number, entries in enumerate(inputs):
            pair.apply(entries)
            pair.compare_funds_and_depth()
            if not job.every_command or number % 64 == 0:
                pair.compare_hashes()
            if number % (64 if job.every_command else FULL_EVERY) == 0:
                pair.compare_everything()
        pair.compare_everything()
    except Exception as fault:
        raise AssertionError(f"{job}, input {number}: {fault!r}\n{fault}") from fault
    return job.commands


def run_all(jobs: Iterable[Job]) -> int:
    """Run jobs on all processors; the first failure ends it. Returns the number of commands."""
    done = 0
    pool = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    with pool:
        waiting = [pool.submit(run, job) for job in jobs]
        try:
            for finished in as_completed(waiting):
                done += finished.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return done


def fresh_seed() -> int:
    """Return a seed that no run had before; failures print it."""
    return time_ns() // 1000

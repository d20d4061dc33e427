"""Memory that was given back is taken again without the system's help."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
from truebook.allocation import keep_freed_memory

keep_freed_memory()


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def batch():
    blocks = [bytearray(200 << 10) for _ in range(40)]
    blocks.clear()


batch()
before = faults()
for _ in range(50):
    batch()
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another library of C")
def test_a_block_that_was_freed_is_used_again_as_it_is():
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=os.environ
    )
    assert int(found.stdout) < 2000  # pages: those of one batch, where it would be 50

"""The records of a workload file."""

import numpy as np

LIMIT = 0
CANCEL = 1
IMMEDIATE = 2

WORKLOAD = np.dtype(
    [
        ("kind", "u1"),  # LIMIT, CANCEL, or IMMEDIATE (what doesn't fill at once is dropped)
        ("side", "u1"),  # 0 buy, 1 sell
        ("symbol", "<u2"),
        ("user", "<u4"),
        ("price", "<i8"),  # ticks, > 0; 0 for a cancel
        ("quantity", "<i8"),  # lots, > 0; 0 for a cancel
        ("id", "<u8"),  # 1, 2, 3 … for orders; the target's id for a cancel
    ]
)

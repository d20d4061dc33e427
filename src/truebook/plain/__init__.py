"""Plain orders, read and told by compiled code.

Nearly all that a gateway is asked is a plain limit order or the cancellation of one, and nearly all
that it answers is how such an order stands. Here one compiled call makes command records of their
JSON, and another one JSON of the engine's replies; whatever is not plain, or not right, is left to
the Python of api/, which alone says what is wrong with it.
"""

"""Bytes objects that are written before anybody else sees them.

Promise: a batch's events and replies are written once, into the very objects that `apply` returns.
A copy at the end would move twice what the batch wrote, and drive the book out of the cache.

Python's C interface provides for this: an object made without contents may be filled by its only
owner, and shortened (PyBytes_FromStringAndSize, _PyBytes_Resize).
"""

import ctypes

_new = ctypes.pythonapi.PyBytes_FromStringAndSize
_new.restype = ctypes.c_void_p
_new.argtypes = (ctypes.c_char_p, ctypes.c_ssize_t)
_shorten = ctypes.pythonapi._PyBytes_Resize
_shorten.restype = ctypes.c_int
_shorten.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t)
_release = ctypes.pythonapi.Py_DecRef
_release.restype = None
_release.argtypes = (ctypes.c_void_p,)
_HEADER_BYTES = bytes.__basicsize__ - 1
"""In front of the contents; they end with a NUL that the header counts."""

_LARGER_THAN_ANY = 1 << 21
bytes(_LARGER_THAN_ANY)
"""Made and dropped: a C library learns from what it is given back how large a block is worth
keeping, and asks the system for fresh pages for each larger one, which cost more than a batch."""


class BytesInPlace:
    """Room for `size` bytes at `address`, which becomes a bytes object."""

    __slots__ = ("_object", "address")

    def __init__(self, size: int) -> None:
        made = _new(None, size)
        self._object = ctypes.c_void_p(made)
        self.address = made + _HEADER_BYTES

    def finished(self, size: int) -> bytes:
        """The first `size` bytes; the room is gone."""
        if _shorten(ctypes.byref(self._object), size):
            raise MemoryError
        contents: bytes = ctypes.cast(self._object, ctypes.py_object).value
        _release(self._object)
        self.address = 0
        return contents

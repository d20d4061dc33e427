"""Bytes objects that are written before anybody else sees them.

Promise: a batch's events and replies are written once, into the very objects that `apply` returns.
A copy at the end would move twice what the batch wrote, and drive the book out of the cache.

Python's C interface provides for this: an object made without contents may be filled by its only
owner, and shortened (PyBytes_FromStringAndSize, _PyBytes_Resize).
"""

import ctypes
from typing import Any

_new = ctypes.pythonapi.PyBytes_FromStringAndSize
_new.restype = ctypes.c_void_p
_new.argtypes = (ctypes.c_char_p, ctypes.c_ssize_t)
_shorten = ctypes.pythonapi._PyBytes_Resize
_shorten.restype = ctypes.c_int
_shorten.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t)
_release = ctypes.pythonapi.Py_DecRef
_release.restype = None
_release.argtypes = (ctypes.c_void_p,)
_address = ctypes.pythonapi.PyBytes_AsString
_address.restype = ctypes.c_void_p
_address.argtypes = (ctypes.py_object,)
_HEADER_BYTES = bytes.__basicsize__ - 1
"""In front of the contents; they end with a NUL that the header counts."""

_LARGER_THAN_ANY = 1 << 21
bytes(_LARGER_THAN_ANY)
"""Made and dropped: a C library learns from what it is given back how large a block is worth
keeping, and asks the system for fresh pages for each larger one, which cost more than a batch."""


def address_of(contents: bytes) -> int:
    """Where the contents of a bytes object stand. (NumPy tells it of any memory, in 4 to 10 µs.)"""
    address: int = _address(contents)
    return address


class BytesInPlace:
    """Makes bytes objects of at most `size` bytes, one after the other: what asks the C interface
    is made once, since it takes longer than being asked."""

    __slots__ = ("_as_object", "_pointer", "_reference", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._pointer = ctypes.c_void_p()
        self._reference = ctypes.byref(self._pointer)
        self._as_object: Any = ctypes.py_object.from_buffer(self._pointer)

    def begin(self) -> int:
        """The address at which the contents of a new object are to be written."""
        made: int = _new(None, self._size)
        self._pointer.value = made
        return made + _HEADER_BYTES

    def finished(self, size: int) -> bytes:
        """The object, of which the first `size` bytes are written; the rest is gone."""
        if _shorten(self._reference, size):
            raise MemoryError
        contents: bytes = self._as_object.value
        _release(self._pointer)
        return contents

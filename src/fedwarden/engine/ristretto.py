"""The prime-order group of alignment without the arbiter: ristretto255 (RFC 9496), from libsodium through ``rbcl``.

Ids become points by the suite ristretto255_XMD:SHA-512_R255MAP_RO_ of RFC 9380: nobody knows a point's logarithm, so
nobody can turn one id's masked point into another's.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

POINT_BYTES = 32
_DOMAIN = b"fedwarden psi ecdh 1: ristretto255_XMD:SHA-512_R255MAP_RO_"
_BLOCK = 128  # bytes SHA-512 takes in at once
_AT_A_TIME = 512  # points that one thread takes

T = TypeVar("T")
Points = NDArray[np.uint8]  # (n, 32): canonical encodings


class NoPoint(ValueError):
    """An encoding that is no point, or the neutral element, stands at ``row``."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is no point")
        self.row = row


def _load() -> ModuleType:
    # rbcl unpacks the library into a temporary file when it is imported and leaves it there; once loaded it can go
    with tempfile.TemporaryDirectory(prefix="fedwarden-") as folder:
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            import rbcl
        finally:
            tempfile.tempdir = before
    library: ModuleType = rbcl
    return library


_sodium = _load()


def random_scalar() -> bytes:
    """A secret scalar, uniform but for 2^-250, from the operating system's randomness."""
    while True:
        scalar: bytes = _sodium.crypto_core_ristretto255_scalar_reduce(os.urandom(64))
        if any(scalar):
            return scalar


def hash_to_group(texts: Sequence[str]) -> Points:
    """A point for each text (n): shape (n, 32)."""
    to_point = _sodium.crypto_core_ristretto255_from_hash
    return _each(texts, lambda text: to_point(expand(text.encode("utf-8", "surrogatepass"))))


def multiply(scalar: bytes, points: Points) -> Points:
    """``scalar`` times each point (n, 32). Raises NoPoint."""
    product = _sodium.crypto_scalarmult_ristretto255
    raw = np.ascontiguousarray(points).tobytes()
    rows = range(len(points))

    def one(row: int) -> bytes:
        try:
            answer: bytes = product(scalar, raw[row * POINT_BYTES : (row + 1) * POINT_BYTES])
        except RuntimeError:
            raise NoPoint(row) from None
        return answer

    return _each(rows, one)


def expand(message: bytes) -> bytes:
    """expand_message_xmd of RFC 9380, section 5.3.1, with SHA-512 to its own 64 bytes."""
    domain = _DOMAIN + bytes([len(_DOMAIN)])
    first = hashlib.sha512(bytes(_BLOCK) + message + (64).to_bytes(2) + b"\0" + domain).digest()
    return hashlib.sha512(first + b"\1" + domain).digest()


def _each(items: Sequence[T], work: Callable[[T], bytes]) -> Points:
    """``work`` of every item in order, on all processors: libsodium runs outside the interpreter's lock."""

    def some(start: int) -> bytes:
        return b"".join(map(work, items[start : start + _AT_A_TIME]))

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        out = b"".join(pool.map(some, range(0, len(items), _AT_A_TIME)))
    return np.frombuffer(out, dtype=np.uint8).reshape(-1, POINT_BYTES)

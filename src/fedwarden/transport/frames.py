"""Frames: 4 bytes header length (big-endian), a msgpack header, then the bytes of its arrays one after another.

Everything is bounded before anything is allocated: the header's length, the number of arrays, their types (a fixed
list, nothing that could carry objects), their shapes, and their total against what the receiver allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fedwarden.common.structs import prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

MAX_HEADER = 65_536
MAX_ARRAYS = 64
MAX_DIMENSIONS = 4
MAX_TAG = 200
#: Type names on the wire, little-endian, with their sizes in bytes.
DTYPES = {"|u1": 1, "|i1": 1, "<u2": 2, "<i2": 2, "<u4": 4, "<i4": 4, "<u8": 8, "<i8": 8, "<f4": 4, "<f8": 8}

DATA, HEARTBEAT, ABORT, BYE, HELLO = "D", "H", "A", "B", "I"
_KINDS = frozenset((DATA, HEARTBEAT, ABORT, BYE, HELLO))


class BadFrame(Exception):
    """Bytes that are no frame; the text says why in a few words without quoting them."""


class Header(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """``arrays`` lists (dtype, shape); ``seq`` counts the data frames of one direction from 0."""

    kind: str
    tag: str = ""
    seq: int = 0
    arrays: list[tuple[str, list[int]]] = []
    meta: dict[str, Any] = {}

    def sizes(self) -> list[int]:
        """The arrays' sizes in bytes."""
        return [DTYPES[dtype] * math.prod(shape) for dtype, shape in self.arrays]


_decoder = msgspec.msgpack.Decoder(Header)
_encoder = msgspec.msgpack.Encoder()


def header_length(prefix: bytes | bytearray | memoryview) -> int:
    """From the first 4 bytes of a frame. Raises BadFrame when it is out of bounds."""
    length = int.from_bytes(prefix[:4], "big")
    if not 1 <= length <= MAX_HEADER:
        raise BadFrame(f"a header of {length} bytes")
    return length


def decode_header(data: bytes | bytearray | memoryview) -> Header:
    """Checks every field. Raises BadFrame, and nothing else, whatever ``data`` holds; allocates no array."""
    try:
        header = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError) as error:
        raise BadFrame(f"a header that is not readable ({type(error).__name__})") from None
    if header.kind not in _KINDS:
        raise BadFrame("an unknown kind of frame")
    if len(header.tag) > MAX_TAG or header.seq < 0:
        raise BadFrame("a tag or number out of bounds")
    if len(header.arrays) > MAX_ARRAYS or (header.arrays and header.kind != DATA):
        raise BadFrame(f"{len(header.arrays)} arrays")
    for dtype, shape in header.arrays:
        if dtype not in DTYPES:
            raise BadFrame("an array of a type that is not allowed")
        if len(shape) > MAX_DIMENSIONS or any(not 0 <= length < 2**48 for length in shape):
            raise BadFrame("an array of a shape that is not allowed")
    return header


def encode(
    kind: str, tag: str = "", seq: int = 0, arrays: Sequence[Array] = (), meta: dict[str, Any] | None = None
) -> tuple[list[memoryview], int]:
    """The frame as buffers to send one after another (arrays are not copied when contiguous), and its size in bytes.

    Raises ValueError for what the other side would refuse: a programming error of the caller.
    """
    listed: list[tuple[str, list[int]]] = []
    payload: list[memoryview] = []
    for item in arrays:
        dtype = item.dtype.str
        if dtype not in DTYPES:
            raise ValueError(f"arrays of type {dtype} are not sent")
        if item.ndim > MAX_DIMENSIONS:
            raise ValueError("arrays of more than four dimensions are not sent")
        listed.append((dtype, list(item.shape)))
        if item.size:
            payload.append(_bytes_of(item))
    if len(listed) > MAX_ARRAYS or len(tag) > MAX_TAG:
        raise ValueError("too many arrays, or too long a tag, for one frame")
    text = _encoder.encode(Header(kind, tag, seq, listed, meta or {}))
    if len(text) > MAX_HEADER:
        raise ValueError("the header of the frame is too long")
    head = memoryview(len(text).to_bytes(4, "big") + text)
    return [head, *payload], len(head) + sum(map(len, payload))


def _bytes_of(item: Array) -> memoryview:
    if not item.flags.c_contiguous:
        item = item.copy(order="C")
    return item.reshape(-1).data.cast("B")


def allocate(header: Header) -> list[Array]:
    """Fresh, writable, uninitialised arrays as the header lists them; only after its sizes were accepted."""
    if not header.arrays:
        return []
    import numpy as np  # here: a worker connects before it loads any numerical library

    return [np.empty(shape, np.dtype(dtype)) for dtype, shape in header.arrays]


def writable(item: Array) -> memoryview | None:
    """The bytes of an array of :func:`allocate`, to be received into; None when it has none."""
    return item.reshape(-1).data.cast("B") if item.size else None


prepare(__name__)

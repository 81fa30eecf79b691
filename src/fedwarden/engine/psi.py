"""Ids into keyed tokens and tokens into matches: the local arithmetic of alignment (docs/protocol.md, section 7)."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.errors import DuplicateIds, EmptyId

ID_RULE = "v1"  # text; NFC, white space at both ends stripped; no numeric reading ("1" is not "01")
TOKEN_BYTES = 16
KEY_BYTES = 32

Tokens = NDArray[np.uint64]  # (n, 2): the 128 bits of each token as two machine words
Rows = NDArray[np.int64]


def normalise_ids(ids: Sequence[str]) -> list[str]:
    """The ids (n) under ``ID_RULE``. Raises EmptyId, or DuplicateIds where two become the same."""
    nfc = unicodedata.normalize
    result = [(i if i.isascii() else nfc("NFC", i)).strip() for i in ids]
    if not all(result):
        raise EmptyId(count=sum(not i for i in result), row=result.index(""))
    if len(set(result)) != len(result):
        repeated = [i for i, count in Counter(result).items() if count > 1]
        raise DuplicateIds(len(repeated), repeated[:3])
    return result


def keyed_tokens(key: bytes, ids: Sequence[str]) -> Tokens:
    """HMAC-SHA-256(key, id in UTF-8), the first 128 bits, for each id (n): shape (n, 2).

    HMAC is written out (RFC 2104): copying two prepared hash states takes a third of the time of one ``hmac.digest``.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a token key has {KEY_BYTES} bytes")
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block))
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in block))
    out = bytearray()
    for text in ids:
        message = inner.copy()
        message.update(text.encode("utf-8", "surrogatepass"))
        tag = outer.copy()
        tag.update(message.digest())
        out += tag.digest()[:TOKEN_BYTES]
    # a fixed byte order, so that machines of both kinds sort alike
    return np.frombuffer(bytes(out), dtype=">u8").reshape(-1, 2).astype(np.uint64)


def secret_order(n: int) -> Rows:
    """A random order of n rows from the operating system's randomness.

    Sorting by 64-bit keys: two equal keys (probability n²/2^65) would only leave one pair in its old order.
    """
    return np.argsort(np.frombuffer(os.urandom(8 * n), dtype=np.uint64), kind="stable").astype(np.int64, copy=False)


def token_order(tokens: Tokens) -> Rows:
    """The order that sorts the tokens."""
    high = np.ascontiguousarray(tokens[:, 0])
    order = np.argsort(high)
    rising = high[order]
    if np.any(rising[1:] == rising[:-1]):  # rare (2^-25 at a million), and thrice as slow
        order = np.lexsort((tokens[:, 1], high))
    return order.astype(np.int64, copy=False)


def strictly_sorted(tokens: Tokens) -> bool:
    """Whether the tokens rise, with no two equal."""
    high, low = tokens[:, 0], tokens[:, 1]
    return bool(np.all((high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))))


def all_different(positions: Rows, size: int) -> bool:
    """Whether no position (each in 0 … size − 1) occurs twice; linear, where np.unique sorts."""
    seen = np.zeros(size, dtype=np.bool_)
    seen[positions] = True
    return int(np.count_nonzero(seen)) == len(positions)


def find_tokens(wanted: Tokens, held: Tokens) -> Rows:
    """Where each of ``wanted`` (n, any order) stands in ``held`` (m, strictly sorted): positions (n), −1 if absent."""
    found = np.full(len(wanted), -1, dtype=np.int64)
    if not len(wanted) or not len(held):
        return found
    order = np.argsort(wanted[:, 0])  # sorted needles walk through the haystack's memory once
    high, low = wanted[order, 0], wanted[order, 1]
    held_high = np.ascontiguousarray(held[:, 0])
    at = np.searchsorted(held_high, high).astype(np.int64)
    rows = np.arange(len(wanted))
    while len(rows):  # a second turn only where two tokens share their first 64 bits
        inside = at < len(held)
        rows, at = rows[inside], at[inside]
        same = held_high[at] == high[rows]
        rows, at = rows[same], at[same]
        hit = held[at, 1] == low[rows]
        found[order[rows[hit]]] = at[hit]
        rows, at = rows[~hit], at[~hit] + 1
    return found

"""Pseudorandom ring elements that the dealer and one party make alike, each address once.

key = HKDF-Expand(secret, canonical address) with SHA-256, values = the AES-256-CTR keystream from counter 0, little
endian
(RFC 5869; NIST SP 800-38A). A key is 32 bytes, so the expansion is a single HMAC.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from numpy.typing import NDArray

from fedwarden.engine.errors import AddressReuse
from fedwarden.engine.ring import Ring

_ZEROS = memoryview(bytes(1 << 20))
_SEPARATOR = "\x1f"


class Address(NamedTuple):
    """What a random value is for. ``frm`` and ``to`` name who uses it towards whom; job and attempt are the stream's
    own."""

    matrix: str
    purpose: str
    frm: str = ""
    to: str = ""
    iteration: int = 0
    batch: int = 0
    visit: int = 0

    def at(self, iteration: int, batch: int = 0, visit: int = 0) -> Address:
        return self._replace(iteration=iteration, batch=batch, visit=visit)


class KeyStream:
    """One address's values, read forward once."""

    def __init__(self, key: bytes) -> None:
        self._encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()

    def fill(self, out: Ring) -> Ring:
        """Overwrites a C-contiguous array with the next values and returns it."""
        _fill(self._encryptor, out)
        return out

    def take(self, *shape: int) -> Ring:
        """The next values in a new array."""
        return self.fill(np.empty(shape, dtype=np.uint64))


class KeptStream:
    """One address's values, of which any part can be made again: an address is used once, for one matrix, whose parts
    are not kept."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def fill(self, out: Ring, word: int) -> Ring:
        """Overwrites a C-contiguous array with the values from the ``word``-th on and returns it."""
        counter, odd = divmod(word, 2)  # a block of AES is two words
        encryptor = Cipher(algorithms.AES(self._key), modes.CTR(counter.to_bytes(16, "big"))).encryptor()
        if odd:
            encryptor.update(bytes(8))
        _fill(encryptor, out)
        return out


class Streams:
    """All streams of one (dealer, party) pair in one attempt of one job."""

    def __init__(self, secret: bytes, job: str, attempt: str) -> None:
        if len(secret) != 32:
            raise ValueError("a stream secret has 32 bytes")
        self._secret = secret
        self._prefix = _canonical("fedwarden", "1", job, attempt)
        self._used: set[Address] = set()

    def open(self, address: Address) -> KeyStream:
        """The values of an address. A second use of the same address raises AddressReuse."""
        return KeyStream(self._key(address))

    def keep(self, address: Address) -> KeptStream:
        """``open`` for a matrix that is made block by block, again in every use: it counts as one use."""
        return KeptStream(self._key(address))

    def take(self, address: Address, *shape: int) -> Ring:
        """``open(address).take(*shape)``."""
        return self.open(address).take(*shape)

    def _key(self, address: Address) -> bytes:
        if address in self._used:
            raise AddressReuse(address=str(tuple(address)))
        self._used.add(address)
        info = self._prefix + _canonical(*(str(part) for part in address))
        return hmac.digest(self._secret, info + b"\x01", "sha256")


def permutation(seed: bytes, n: int) -> NDArray[np.int64]:
    """The order of n things that everybody with the 32-byte ``seed`` makes alike."""
    return np.argsort(KeyStream(seed).take(n), kind="stable").astype(np.int64, copy=False)


def _fill(encryptor: CipherContext, out: Ring) -> None:
    target = out.reshape(-1).view(np.uint8).data
    step = len(_ZEROS)
    for start in range(0, len(target), step):
        part = target[start : start + step]
        encryptor.update_into(_ZEROS[: len(part)], part)


def _canonical(*parts: str) -> bytes:
    if any(_SEPARATOR in part for part in parts):
        raise ValueError("a stream address holds a separator")
    return (_SEPARATOR.join(parts) + _SEPARATOR).encode()

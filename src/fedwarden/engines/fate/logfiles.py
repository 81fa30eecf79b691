"""FATE's own logs: a tar.gz of text files, in which we look for the reason of a failure."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator

#: More than this of one file, and of all files unpacked, is not looked at.
MOST = 8 << 20
TOTAL = 256 << 20
_REASON = re.compile(r"(?:^|[\s\]:])((?:[A-Z]\w*)?(?:Error|Exception)\b: ?.*)$")


def short(text: str) -> str:
    """One line of it; of gRPC's long report the details only."""
    details = re.search(r'details = "([^"]*)"', text)
    return " ".join((details[1] if details else text).split())[:300]


def last_error(raw: bytes, role: str, party: int, component: str) -> str:
    """The last line that names an error in the logs of this (role, party, component); empty when there is none."""
    found = ""
    for name, text in _texts(raw):
        parts = name.split("/")
        if component in parts and role in parts and str(party) in parts:
            found = reason(text) or found
    return found


def reason(text: str) -> str:
    """The last line of a log or a traceback that names an exception."""
    for line in reversed(text.splitlines()):
        if match := _REASON.search(line.strip()):
            return short(match[1])
    return ""


class _Bounded(io.BufferedIOBase):
    """A stream that ends after ``TOTAL`` bytes: a small archive may unpack to anything."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self._left = stream, TOTAL

    def read(self, size: int | None = -1, /) -> bytes:
        piece = self._stream.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(piece)
        return piece


def _texts(raw: bytes) -> Iterator[tuple[str, str]]:
    """One after the other, until something is no archive any more."""
    try:
        with gzip.open(io.BytesIO(raw)) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r|") as tar:
            for member in tar:
                if member.isfile() and member.name.rsplit("/", 1)[-1].startswith(
                    ("ERROR", "std", "fate_flow_schedule")
                ):
                    handle = tar.extractfile(member)
                    if handle is not None:
                        yield member.name, handle.read(MOST).decode("utf-8", "replace")
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return

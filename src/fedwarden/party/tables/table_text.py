"""What kind of file a table is, and how its text is encoded: found out in one pass that also makes the checksum."""

from __future__ import annotations

import codecs
import hashlib
from typing import BinaryIO, Literal, NamedTuple

from fedwarden.common.api import Notice
from fedwarden.common.errors import DataError

Format = Literal["csv", "tsv", "parquet"]

#: What --encoding may name. GBK and GB2312 are read as GB18030, which holds both.
ENCODINGS = ("utf-8", "gb18030", "gbk", "gb2312", "big5", "utf-16", "latin-1")
_READ_AS = {"utf-8": "utf-8-sig", "gbk": "gb18030", "gb2312": "gb18030"}
_CHUNK = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
}


class Text(NamedTuple):
    """``codec`` is the Python codec to read it with; empty for Parquet. ``source``: where the very file that was opened
    is read from, empty for its path, which may lead elsewhere by then."""

    format: Format
    encoding: str
    codec: str
    sha256: str
    notices: list[Notice]
    source: str = ""


def examine(handle: BinaryIO, path: str, asked: str | None) -> Text:
    """Reads the whole file once.

    Raises DataError: FW-DATA-008 empty, -029 unknown encoding, -030 not in that encoding, -031 binary.
    """
    wanted = _normal(asked)
    handle.seek(0)
    head = handle.read(8)
    if not head:
        raise DataError("FW-DATA-008", path=path)
    if head.startswith(b"PAR1"):
        return Text("parquet", "", "", _digest(handle), [])
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise DataError("FW-DATA-031", path=path, kind=kind)
    kind = _text_format(path, handle)
    if wanted is None and head.startswith((b"\xff\xfe", b"\xfe\xff")):
        wanted = "utf-16"
    if wanted is not None:
        sha256, position, binary = _decode_all(handle, _codec(wanted))
        if position is not None:
            raise DataError("FW-DATA-030", path=path, encoding=wanted, position=position)
        if binary and wanted != "utf-16":
            raise DataError("FW-DATA-031", path=path, kind="binary data")
        return Text(kind, wanted, _codec(wanted), sha256, [])
    sha256, position, binary = _decode_all(handle, "utf-8-sig")
    if binary:
        raise DataError("FW-DATA-031", path=path, kind="binary data")
    if position is None:
        return Text(kind, "utf-8", "utf-8-sig", sha256, [])
    if _decode_all(handle, "gb18030")[1] is not None:
        raise DataError("FW-DATA-030", path=path, encoding="UTF-8 or GB18030", position=position)
    notice = Notice("FW-DATA-101", {"path": path, "encoding": "gb18030"})
    return Text(kind, "gb18030", "gb18030", sha256, [notice])


def _normal(asked: str | None) -> str | None:
    if asked is None:
        return None
    try:
        name = codecs.lookup(asked).name
    except (LookupError, ValueError):
        name = ""
    name = {"utf-8-sig": "utf-8", "iso8859-1": "latin-1"}.get(name, name)
    if name not in ENCODINGS:
        raise DataError("FW-DATA-029", encoding=asked[:40], allowed=ENCODINGS)
    return name


def _codec(encoding: str) -> str:
    return _READ_AS.get(encoding, encoding)


def _text_format(path: str, handle: BinaryIO) -> Format:
    """By the file's ending; other endings than .csv, .tsv, .tab by what separates the first line."""
    lower = path.lower()
    if lower.endswith((".tsv", ".tab")):
        return "tsv"
    if lower.endswith(".csv"):
        return "csv"
    handle.seek(0)
    line = handle.read(_CHUNK).split(b"\n", 1)[0]
    return "tsv" if b"\t" in line and b"," not in line else "csv"


def _digest(handle: BinaryIO) -> str:
    handle.seek(0)
    digest = hashlib.sha256()
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _decode_all(handle: BinaryIO, codec: str) -> tuple[str, int | None, bool]:
    """SHA-256 (hex), the place of the first byte that is not ``codec`` (None: all is), whether a NUL byte occurs."""
    handle.seek(0)
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(codec)()
    done, position, binary = 0, None, False
    ascii_so_far = codec != "utf-16"  # ASCII chunks of the other codecs need no decoder
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
        binary = binary or b"\0" in chunk
        if position is None and not (ascii_so_far and chunk.isascii()):
            ascii_so_far = False
            position = _decode(decoder, chunk, done)
        done += len(chunk)
    if position is None and not ascii_so_far:
        position = _decode(decoder, b"", done, final=True)
    return digest.hexdigest(), position, binary


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes, done: int, final: bool = False) -> int | None:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        return max(0, done + error.start)
    return None

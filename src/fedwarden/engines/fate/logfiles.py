"""FATE's own logs: a tar.gz of text files, in which we look for the reason of a failure."""

from __future__ import annotations

import io
import re
import tarfile

#: More than this of one file is not looked at.
MOST = 8 << 20
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


def _texts(raw: bytes) -> list[tuple[str, str]]:
    out = []
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as tar:
            for member in tar:
                if member.isfile() and member.name.rsplit("/", 1)[-1].startswith(
                    ("ERROR", "std", "fate_flow_schedule")
                ):
                    handle = tar.extractfile(member)
                    if handle is not None:
                        out.append((member.name, handle.read(MOST).decode("utf-8", "replace")))
    except (tarfile.TarError, OSError, EOFError):
        return []
    return out

"""Python for hosts that have none that fits: tar archives of a relocatable one, given once by the operator and kept."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from pathlib import Path

import msgspec

from fedwarden.common.errors import RemoteError

_BINARY = re.compile(r"(^|/)bin/python(3\.1[123])$")
#: e_machine of an ELF file → what ``uname -m`` says.
_MACHINES = {62: "x86_64", 183: "aarch64"}


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """``python`` is "3.11", ``arch`` as ``uname -m`` says it."""

    python: str
    arch: str
    path: str


def examine(archive: Path) -> Interpreter:
    """What is in a tar archive (compressed or not): the newest ``bin/python3.1X`` and the machine that it runs on.

    Raises RemoteError FW-SSH-052 when there is none.
    """
    found: dict[str, str] = {}
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                match = _BINARY.search(member.name)
                content = opened.extractfile(member) if match and member.isfile() else None
                if match and content is not None:
                    found[match[2]] = _machine(content.read(20))
    except (OSError, tarfile.TarError, EOFError) as error:
        raise RemoteError("FW-SSH-052", path=str(archive), found=str(error)[:100]) from None
    fitting = [(int(version.split(".")[1]), version) for version, arch in found.items() if arch]
    if not fitting:
        raise RemoteError("FW-SSH-052", path=str(archive), found=", ".join(sorted(found)) or "-")
    version = max(fitting)[1]
    return Interpreter(python=version, arch=found[version], path=str(archive))


def _machine(head: bytes) -> str:
    return _MACHINES.get(int.from_bytes(head[18:20], "little"), "") if head[:4] == b"\x7fELF" else ""


def keep(archive: Path, folder: Path) -> Interpreter:
    """Examines ``archive`` and copies it into ``folder``, where ``kept`` finds it; the last one of a machine counts."""
    found = examine(archive)
    with archive.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"cp{found.python.replace('.', '')}-{found.arch}-{digest}.tar"
    part = target.with_suffix(".part")
    try:
        shutil.copyfile(archive, part)
        part.chmod(0o600)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RemoteError("FW-SSH-053", path=str(target), why=error.strerror or type(error).__name__) from None
    for other in folder.glob(f"cp*-{found.arch}-*.tar"):
        if other != target:
            other.unlink()
    return Interpreter(python=found.python, arch=found.arch, path=str(target))


def kept(folder: Path) -> dict[str, Interpreter]:
    """Architecture → the interpreter for hosts without one of their own."""
    out: dict[str, Interpreter] = {}
    for path in sorted(folder.glob("cp3*-*-*.tar")):
        python, arch, _ = path.stem.split("-")
        out[arch] = Interpreter(python=f"3.{python.removeprefix('cp3')}", arch=arch, path=str(path))
    return out

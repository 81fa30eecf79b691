"""The bundle: one file with everything a host without Internet needs, built once, known by the hash of its contents."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import time
from pathlib import Path

import msgspec

import fedwarden
from fedwarden.common.errors import RemoteError
from fedwarden.common.files import locked
from fedwarden.remote import scripts
from fedwarden.remote.target import Target
from fedwarden.remote.wheels import own_wheel, third_party

#: The folder inside the archive.
TOP = "fedwarden-bundle"


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is what the host's folder is called: version, target and the first 12 digits of the contents' hash.
    ``built`` is false when it was there already; ``seconds`` is what this call took."""

    name: str
    path: str
    size: int
    built: bool
    seconds: float


class Bundles:
    """The folder ``bundles/`` of the regulator."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "bundles"

    @property
    def interpreters(self) -> Path:
        """Where interpreters to carry along are kept."""
        return self.folder / "interpreters"

    def make(self, target: Target, interpreter: Path | None = None) -> Bundle:
        """The bundle for ``target``; ``interpreter`` is a tar archive with a relocatable Python to carry along.

        Raises RemoteError FW-SSH-050 (pip), -051 (own wheel), -053 (no room).
        """
        begin = time.monotonic()
        with locked(self.folder / ".lock", 1800.0):
            wheels = third_party(target, self.folder)
            with tempfile.TemporaryDirectory(prefix=".own-", dir=self.folder) as own:
                files = sorted([*wheels.glob("*.whl"), own_wheel(Path(own))], key=lambda path: path.name)
                hashes = {path.name: _sha256(path) for path in files}
                name = _name(target, hashes, _sha256(interpreter) if interpreter else "")
                path = self.folder / f"{name}.tar"
                built = not path.is_file()
                if built:
                    _write(path, name, target, files, hashes, interpreter)
        seconds = round(time.monotonic() - begin, 1)
        return Bundle(name=name, path=str(path), size=path.stat().st_size, built=built, seconds=seconds)


def requirements(hashes: dict[str, str]) -> str:
    """What install.sh gives to pip: every wheel by name, version and hash."""
    lines = []
    for wheel, digest in sorted(hashes.items()):
        name, version = wheel.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


def _name(target: Target, hashes: dict[str, str], interpreter: str) -> str:
    inside = "\n".join([scripts.text("install.sh"), requirements(hashes), interpreter])
    digest = hashlib.sha256(inside.encode()).hexdigest()[:12]
    python = target.python.replace(".", "")
    return f"fedwarden-{fedwarden.__version__}-cp{python}-{target.arch}-{digest}"


def _write(
    path: Path, name: str, target: Target, wheels: list[Path], hashes: dict[str, str], interpreter: Path | None
) -> None:
    texts = {
        "install.sh": scripts.text("install.sh"),
        "requirements.txt": requirements(hashes),
        "name": name,
        "python": target.python,
        "arch": target.arch,
    }
    part = path.with_suffix(".part")
    try:
        with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as archive:
            for inside, text in texts.items():
                _add(archive, inside, io.BytesIO(text.encode()), len(text.encode()))
            for wheel in wheels:
                with wheel.open("rb") as handle:
                    _add(archive, f"wheels/{wheel.name}", handle, wheel.stat().st_size)
            if interpreter is not None:
                with interpreter.open("rb") as handle:
                    _add(archive, "python.tar", handle, interpreter.stat().st_size)
        part.chmod(0o600)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RemoteError("FW-SSH-053", path=str(path), why=error.strerror or type(error).__name__) from None


def _add(archive: tarfile.TarFile, inside: str, handle: io.IOBase, size: int) -> None:
    """No times, no owners: the same contents make the same file."""
    entry = tarfile.TarInfo(f"{TOP}/{inside}")
    entry.size, entry.mode = size, 0o644
    archive.addfile(entry, handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def unpack(bundle: Path, folder: Path) -> Path:
    """The folder with install.sh, for use on this machine."""
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")
    return folder / TOP

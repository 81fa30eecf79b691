"""Which code this is: a hash over the package's own files and the locked requirements.

Two installations of the same files have the same release, whatever way they were installed; so a regulator sees which
of its agents run something else.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

#: What a package is made of; caches and what an editor leaves beside a file are not.
_KINDS = (".py", ".sh", ".yaml", ".gz")


def lock_text() -> str:
    """base.lock of this installation: in the package, or in the checkout that it runs from."""
    packed = resources.files("fedwarden.remote").joinpath("base.lock")
    if packed.is_file():
        return packed.read_text("utf-8")
    return (checkout() / "requirements" / "base.lock").read_text("utf-8")


def checkout() -> Path:
    """The folder above ``src/``; only meaningful where there is a pyproject.toml in it."""
    return Path(__file__).resolve().parents[3]


@cache
def release() -> str:
    """The first 12 hex digits of SHA-256 over names and contents."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(lock_text().encode())
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package).as_posix()
        if path.suffix in _KINDS and path.is_file() and not path.name.startswith("."):
            digest.update(f"\0{inside}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

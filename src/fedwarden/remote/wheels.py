"""The wheels of a bundle: the locked ones, got by pip as its own configuration says, and fedwarden's own."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from fedwarden.common.errors import RemoteError
from fedwarden.common.release import checkout, lock_text
from fedwarden.remote.target import Target

DOWNLOAD_SECONDS = 1800.0
BUILD_SECONDS = 120.0


def download(lock: Path, target: Target, folder: Path) -> None:
    """Every locked wheel for ``target`` into ``folder``. Raises RemoteError FW-SSH-050 with pip's own words."""
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color", "download", "-q"]
    words += ["--no-deps", "--require-hashes", "--only-binary", ":all:", *target.pip_words()]
    words += ["-r", str(lock), "-d", str(folder)]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise RemoteError("FW-SSH-050", target=_name(target), why=f"> {DOWNLOAD_SECONDS:g} s") from None
    if done.returncode:
        raise RemoteError("FW-SSH-050", target=_name(target), why=_pip_words(done.stderr))


def own_wheel(folder: Path) -> Path:
    """fedwarden's own wheel, made from the checkout or from what is installed. Raises RemoteError FW-SSH-051."""
    try:
        if (checkout() / "pyproject.toml").is_file():
            return _build(folder)
        return _repack(folder)
    except (OSError, subprocess.SubprocessError, importlib.metadata.PackageNotFoundError) as error:
        raise RemoteError("FW-SSH-051", why=str(error)[:300]) from None


def _build(folder: Path) -> Path:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(
        words,
        cwd=checkout(),
        env={**os.environ, "SOURCE_DATE_EPOCH": "1580601600"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    made = sorted(folder.glob("fedwarden-*.whl"))
    if done.returncode or not made:
        raise RemoteError("FW-SSH-051", why=_pip_words(done.stderr))
    return made[0]


def _repack(folder: Path) -> Path:
    """A wheel of the files that were installed from one; a regulator without a checkout passes itself on this way."""
    distribution = importlib.metadata.distribution("fedwarden")
    skipped = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}
    kept = sorted(
        (str(path), Path(str(path.locate())))
        for path in distribution.files or []
        if not str(path).startswith("..") and "__pycache__" not in path.parts and path.name not in skipped
    )
    info = next(name.split("/")[0] for name, _ in kept if ".dist-info/" in name)
    records = []
    wheel = folder / f"fedwarden-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, place in kept:
            data = place.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            records.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        text = "\n".join([*records, f"{info}/RECORD,,"]) + "\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), text, zipfile.ZIP_DEFLATED)
    return wheel


def third_party(target: Target, cache: Path) -> Path:
    """A folder under ``cache`` with the locked wheels, downloaded once for each lock and target."""
    lock = lock_text()
    key = hashlib.sha256(f"{_name(target)}\n{lock}".encode()).hexdigest()[:16]
    folder = cache / f"wheels-{key}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = Path(tempfile.mkdtemp(prefix=".wheels-", dir=cache))
    try:
        (part / "base.lock").write_text(lock, "utf-8")
        download(part / "base.lock", target, part)
        (part / "base.lock").unlink()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _name(target: Target) -> str:
    return f"Python {target.python}, {target.arch}, glibc {target.glibc}"


def _pip_words(stderr: str) -> str:
    """The last line that says something, without what stands before ``@`` in an address (a password)."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("ERROR")] or lines or ["-"]
    return re.sub(r"//[^/@\s]*@", "//", told[-1])[:300]

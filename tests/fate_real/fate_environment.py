"""The environment that a real FATE 2.2 runs in: ``.venv-fate``, from requirements/fate.lock, Python 3.9 or 3.10."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-fate"
LOCK = ROOT / "requirements" / "fate.lock"
FITS = ("3.9", "3.10")
#: FATE-Flow keeps everything beside its own code unless its settings name a folder; its own ``init`` writes one folder
#: for ever. These lines let each start name another one. FATE's workers inherit the variable.
SETTINGS = """

import os

_HOME = os.environ["FATE_FLOW_HOME"]
LOG_DIR, DATA_DIR, MODEL_DIR, JOB_DIR = (os.path.join(_HOME, it) for it in ("logs", "data", "model", "jobs"))
DEFAULT_SERVER_CONF_PATH = os.path.join(_HOME, "conf")
SQLITE_FILE_DIR = _HOME
"""


class NoFate(Exception):
    """Why FATE cannot be had here; one line."""


def python_that_fits(variables: dict[str, str]) -> str:
    """A Python 3.9 or 3.10: FATE_PYTHON, else one on the PATH, else a version manager's. Raises NoFate."""
    asked = variables.get("FATE_PYTHON")
    if asked:
        found = _version(asked)
        if found not in FITS:
            raise NoFate(f"FATE_PYTHON={asked} is {found or 'no Python with venv'}; FATE 2.2 needs Python 3.9 or 3.10")
        return asked
    on_path = [shutil.which(f"python{it}", path=variables.get("PATH", "")) for it in FITS]
    root = Path(variables.get("PYENV_ROOT") or Path(variables.get("HOME", "/")) / ".pyenv")
    managed = [str(it) for version in FITS for it in sorted(root.glob(f"versions/{version}.*/bin/python3"))]
    for candidate in [*filter(None, on_path), *managed]:
        if _version(candidate) in FITS:
            return candidate
    raise NoFate("FATE 2.2 needs Python 3.9 or 3.10, and there is none; set FATE_PYTHON=/path/of/python3.10")


def _version(python: str) -> str:
    """``3.10``; empty for what is no Python that can make environments."""
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def environment(say: Callable[[str], None]) -> Path:
    """The environment's Python; made when it is not there or of another one than FATE_PYTHON asks for, and ``say`` told
    so. Raises NoFate."""
    made, done = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".made"
    asked = os.environ.get("FATE_PYTHON")
    python = python_that_fits(dict(os.environ)) if asked or not done.exists() else ""
    fits = not asked or _version(asked) == _version(str(made))
    if fits and done.exists() and done.read_text() == LOCK.read_text():
        return made
    python = python or python_that_fits(dict(os.environ))
    say(f"making {ENVIRONMENT.name} by {python}: 2 GB from the package index, some minutes")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(ENVIRONMENT)], check=True)
    pip = [str(made), "-m", "pip", "--disable-pip-version-check", "-qq", "install", "--no-deps", "--require-hashes"]
    got = subprocess.run([*pip, "-r", str(LOCK)], capture_output=True, text=True, check=False)
    if got.returncode:
        raise NoFate(f"pip could not install requirements/fate.lock: {' '.join(got.stderr.split()[-40:])}")
    settings = package(made) / "settings.py"
    settings.write_text(settings.read_text() + SETTINGS)
    done.write_text(LOCK.read_text())
    return made


def package(python: Path) -> Path:
    """Where fate_flow lies in the environment of ``python``."""
    return next(python.parents[1].glob("lib/python3.*/site-packages/fate_flow"))

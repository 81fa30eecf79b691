"""make and its set-up script: what they refuse, what they repair, what they never touch."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """The two scripts with an empty lock, so that nothing is downloaded."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "scripts/setup.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements/base.lock").write_text("")
    (tmp_path / "requirements/dev.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def setup(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "scripts/setup.sh", "dev"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_old_or_missing_python_is_refused_with_the_fix(checkout):
    old = checkout / "python3.6"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.6.15" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = setup(checkout, PYTHON=str(old))
    assert done.returncode == 1
    assert "python3 >= 3.11; found: Python 3.6.15" in done.stderr
    assert "Set PYTHON=" in done.stderr
    assert not (checkout / ".venv").exists()
    assert setup(checkout, PYTHON=str(checkout / "none")).returncode == 1


def test_an_interrupted_environment_is_made_anew(checkout):
    broken = checkout / ".venv/bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to(checkout / "gone")
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    assert "making it anew" in done.stderr
    assert (checkout / ".venv/.dev").exists()


def test_no_target_installs_system_packages():
    makefile = (ROOT / "Makefile").read_text()
    assert "apt" not in makefile.replace("adapt", "")
    assert "apt-get" not in (ROOT / "scripts/setup.sh").read_text()


def test_make_help_names_every_target(checkout):
    shown = subprocess.run(["make", "help"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    for target in set(phony.split()[1:]) - {"help", "setup-dev"}:
        assert f"make {target} " in shown, f"make help does not tell of {target}"


def test_ci_runs_lint_and_tests_without_input():
    text = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "set -euo pipefail" in text
    assert "exec </dev/null" in text
    assert text.index("system-packages.sh") < text.index("make lint") < text.index("make test")

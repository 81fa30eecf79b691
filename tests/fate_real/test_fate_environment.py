"""Which Python is taken for a real FATE 2.2; these need none."""

import sys
from pathlib import Path

import pytest
from fate_environment import LOCK, NoFate, python_that_fits


def a_python(path: Path, version: str) -> str:
    """Something that says it is this Python."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return str(path)


def test_the_python_that_is_asked_for_is_taken(tmp_path):
    asked = a_python(tmp_path / "any" / "python", "3.10")
    a_python(tmp_path / "path" / "python3.9", "3.9")
    assert python_that_fits({"FATE_PYTHON": asked, "PATH": str(tmp_path / "path")}) == asked


def test_another_python_that_is_asked_for_is_refused_whatever_else_there_is(tmp_path):
    a_python(tmp_path / "path" / "python3.9", "3.9")
    with pytest.raises(NoFate, match=r"is 3\.1[1-9]; FATE 2\.2 needs Python 3\.9 or 3\.10"):
        python_that_fits({"FATE_PYTHON": sys.executable, "PATH": str(tmp_path / "path")})
    with pytest.raises(NoFate, match="is no Python with venv"):
        python_that_fits({"FATE_PYTHON": str(tmp_path / "nothing"), "PATH": str(tmp_path / "path")})


def test_one_on_the_path_is_found_before_a_version_managers(tmp_path):
    on_path = a_python(tmp_path / "path" / "python3.10", "3.10")
    managed = a_python(tmp_path / "home" / ".pyenv" / "versions" / "3.9.18" / "bin" / "python3", "3.9")
    variables = {"PATH": str(tmp_path / "path"), "HOME": str(tmp_path / "home")}
    assert python_that_fits(variables) == on_path
    assert python_that_fits(variables | {"PATH": ""}) == managed


def test_without_one_the_reason_says_what_to_set(tmp_path):
    a_python(tmp_path / "pyenv" / "versions" / "3.11.7" / "bin" / "python3", "3.11")
    with pytest.raises(NoFate, match="set FATE_PYTHON="):
        python_that_fits({"PATH": "", "PYENV_ROOT": str(tmp_path / "pyenv")})


def test_no_cuda_package_is_locked():
    assert "torch==1.12.1" in LOCK.read_text() and "nvidia" not in LOCK.read_text()

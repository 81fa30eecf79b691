"""script.py itself: any Python >= 3.6 can start it, and its stdout holds nothing but the promised words."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script.py"
FUNCTIONS = ("deploy", "upload", "submit", "query", "load_bind", "predict", "delete")
WORDS = {
    "deploy": "deploy failure.\n",
    "upload": "upload failure.\n",
    "submit": "{'retcode': 1}\n",
    "query": "failed\n",
    "load_bind": "load_bind failure.\n",
    "delete": "delete failure.\n",
}


def old_pythons() -> list[str]:
    """Interpreters older than the project's, as far as this machine has them."""
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python")]
    return [path for path in found if path and subprocess.run([path, "-c", ""], check=False).returncode == 0]


OLD = old_pythons()


def run(*words: str, python: str = sys.executable, script: Path = SCRIPT, **more: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "FEDWARDEN"))}
    return subprocess.run(
        [python, str(script), *words],
        env={**environment, "FEDWARDEN_LANG": "en", **more},
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
    )


def is_refusal(function: str, done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 1, done
    if function == "predict":
        assert re.fullmatch(r'\{"retmsg":"[^"]+","retcode":[1-9]\d*\}\n', done.stdout), done
    else:
        assert done.stdout == WORDS[function], done
    assert len(done.stderr.splitlines()) == 1, done
    assert "Traceback" not in done.stderr


def test_its_lines_are_python_3_6() -> None:
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 6))


@pytest.mark.skipif(not OLD, reason="no Python older than the project's on this machine")
@pytest.mark.parametrize("python", OLD)
def test_an_old_python_hands_over_to_the_projects_own(python: str, tmp_path: Path) -> None:
    done = run("-f", "query", "-jid", "1", python=python, FEDWARDEN_HOME=str(tmp_path / "none"))
    is_refusal("query", done)
    assert "there is no job 1" in done.stderr


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_the_environment_the_failure_form_and_the_set_up_command(function: str, tmp_path: Path) -> None:
    copy = tmp_path / "script.py"
    shutil.copy(SCRIPT, copy)
    done = run("-f", function, python=OLD[0] if OLD else sys.executable, script=copy)
    is_refusal(function, done)
    assert f"make -C {tmp_path} setup" in done.stderr
    strict = run("-f", function, "--json", script=copy)
    answer = json.loads(strict.stdout)
    assert strict.returncode == 1
    assert answer["retcode"] != 0
    assert answer["code"].startswith("FW-")
    assert answer["fix"]


def test_an_unfinished_environment_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "script.py"
    shutil.copy(SCRIPT, copy)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    done = run("-f", "deploy", script=copy)
    is_refusal("deploy", done)
    assert "not complete" in done.stderr


def test_it_is_found_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "warden.py"
    link.symlink_to(SCRIPT)
    done = run("-f", "query", "-jid", "1", script=link, FEDWARDEN_HOME=str(tmp_path / "none"))
    is_refusal("query", done)
    assert "there is no job 1" in done.stderr


def test_a_module_in_the_current_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "ssl.py").write_text("raise SystemExit('taken')")
    (tmp_path / "fedwarden").mkdir()
    (tmp_path / "fedwarden" / "__init__.py").write_text("raise SystemExit('taken')")
    outside = str(Path(sys.base_prefix) / "bin" / "python3")
    done = subprocess.run(
        [outside, str(SCRIPT), "-f", "predict", "-mname", "m", "-params", "1"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "FEDWARDEN_HOME": str(tmp_path / "none"), "FEDWARDEN_LANG": "en"},
        timeout=60,
        check=False,
    )
    is_refusal("predict", done)
    assert "taken" not in done.stderr


@pytest.mark.parametrize("words", [(), ("-f",), ("-f", "fly", "-id", "1"), ("--json",)], ids=str)
def test_without_a_known_function_stdout_is_empty_and_the_code_2(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.stdout, done.returncode) == ("", 2)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_before_its_time_changes_nothing(function: str, tmp_path: Path) -> None:
    words = {
        "deploy": ("-id", "1", "-ip", "203.0.113.5"),
        "upload": ("-gp", "1", "/etc/hostname", "-hp", "2", "/etc/hostname", "-proj", "p"),
        "submit": ("-proj", "p", "-alg", "hetero_lr", "-m", "1"),
        "query": ("-jid", "209901010000000000000"),
        "load_bind": ("-mid", "arbiter-0#guest-1#host-2#model", "-mver", "209901010000000000000", "-mname", "m"),
        "predict": ("-mname", "m", "-params", "-1e-5"),
        "delete": ("-id", "1", "-ip", "127.0.0.1"),
    }
    home = tmp_path / "home"
    is_refusal(function, run("-f", function, *words[function], FEDWARDEN_HOME=str(home)))
    assert not home.exists(), "not even the regulator's folder"


def test_predict_imports_neither_the_store_nor_the_tools_for_people(tmp_path: Path) -> None:
    code = (
        "import sys; from fedwarden.cli.script import main; "
        "main(['-f', 'predict', '-mname', 'm', '-params', '1']); "
        "heavy = {'sqlalchemy', 'alembic', 'typer', 'rich', 'pydantic', 'numpy', 'numba', 'polars', 'sklearn', "
        "'asyncssh', 'starlette'}; sys.exit(sorted(heavy & set(sys.modules)) or 7)"
    )
    environment = {**os.environ, "FEDWARDEN_HOME": str(tmp_path), "FEDWARDEN_LANG": "en"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 7, done.stderr


def test_the_message_follows_the_locale_and_the_words_do_not(tmp_path: Path) -> None:
    done = run("-f", "deploy", "-id", "1", FEDWARDEN_LANG="", LC_ALL="zh_CN.UTF-8")
    assert done.stdout == "deploy failure.\n"
    assert "缺少" in done.stderr

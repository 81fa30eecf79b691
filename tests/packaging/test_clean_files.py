"""The project speaks of itself alone: no index address, no machine's path, no pickle, in any file it tracks."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# cut in two, so that this file does not hold them itself
FORBIDDEN = [
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "pypi.tuna" + ".tsinghua",
    "mirrors" + ".aliyun.com",
    "mirrors" + ".cloud.tencent",
    "conda" + ".anaconda.org",
    "registry" + ".npmjs",
    "registry-1" + ".docker.io",
    "deb" + ".debian.org",
    "extra-index" + "-url",
    "/wo" + "rk/",
    "/root" + "/",
    "/home" + "/",
]
PICKLES = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib", "jsonpickle"}


def tracked() -> list[Path]:
    """Files of the checkout that git tracks, and the new ones it does not ignore."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nobody knows which files belong to the project")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_names_an_index_a_mirror_or_a_machines_path():
    bad = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # data files, checked by their own tests
        bad += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert bad == []


def test_nothing_can_load_code_from_data():
    """No pickle in any form: neither imported nor allowed by numpy's loader."""
    bad = []
    for path in tracked():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                names = [] if isinstance(node.value, ast.Constant) and node.value.value is False else ["pickle"]
            bad += [f"{path.relative_to(ROOT)}: {name}" for name in names if name.split(".")[0] in PICKLES]
    assert bad == []


def test_every_data_file_has_its_source_and_licence_in_notice():
    notice = (ROOT / "NOTICE").read_text()
    data = [path for path in tracked() if path.suffix in {".gz", ".csv", ".tsv", ".parquet", ".xz", ".zst"}]
    assert data, "the demo's table is in the package"
    for path in data:
        assert str(path.relative_to(ROOT)) in notice, f"{path.name} has no entry in NOTICE"
    assert "10.24432/C55S3H" in notice
    assert "CC BY 4.0" in notice


def test_no_file_is_long():
    """One idea a file: none over 600 lines, half of them under 150."""
    lengths = {
        path: len(path.read_text("utf-8").splitlines())
        for path in tracked()
        if path.suffix == ".py" and path.stat().st_size
    }
    assert {str(path): lines for path, lines in lengths.items() if lines > 600} == {}
    assert sorted(lengths.values())[len(lengths) // 2] < 150

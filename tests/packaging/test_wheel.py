"""What is in the checkout is in the wheel: data, types' mark, migrations, licence and notice."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    with zipfile.ZipFile(made) as opened:
        yield opened


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    source = ROOT / "src"
    wanted = {
        str(path.relative_to(source))
        for path in (source / "fedwarden").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert "fedwarden/data/credit.csv.gz" in wanted
    assert wanted - set(wheel.namelist()) == set()


def test_licence_and_notice_travel_with_it(wheel):
    names = {Path(name).name for name in wheel.namelist() if ".dist-info/" in name}
    assert {"LICENSE", "NOTICE", "METADATA"} <= names
    metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    text = wheel.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    assert "Requires-Python: >=3.11" in text


def test_nothing_else_is_in_it(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"fedwarden"}


def test_the_lock_files_name_exact_versions_with_hashes():
    for what in ("base", "dev"):
        text = (ROOT / "requirements" / f"{what}.lock").read_text()
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#", "-"))]
        assert len(pins) > 5
        assert all("==" in pin and pin.endswith("\\") for pin in pins), "a pin without version or hashes"
        assert "://" not in text
    wanted = {
        line.strip().lower().split("[")[0]
        for line in (ROOT / "requirements/base.in").read_text().splitlines()
        if line[:1].isalpha()
    }
    base = (ROOT / "requirements/base.lock").read_text()
    pinned = {line.split("==")[0].lower() for line in base.splitlines() if "==" in line}
    assert wanted <= pinned

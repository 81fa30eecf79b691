"""scripts/system-packages.sh: instant when all is there, apt-get only as root, one clear line offline."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "system-packages.sh"


class Host:
    """A PATH of its own with only the commands a case wants."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "apt.log"

    def command(self, name: str, body: str) -> None:
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        shell = shutil.which("sh")
        assert shell
        return subprocess.run(
            [shell, str(SCRIPT)], env={"PATH": str(self.bin)}, capture_output=True, text=True, timeout=20, check=False
        )


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    made.command("python3", "exit 0")
    made.command("make", "exit 0")
    made.command("id", "echo 0")
    made.command("apt-get", f'echo "$@" >> {made.log}')
    return made


def test_with_everything_there_it_is_instant_and_installs_nothing(host):
    begin = time.monotonic()
    done = host.run()
    assert time.monotonic() - begin < 5
    assert done.returncode == 0
    assert "nothing to install" in done.stdout
    assert not host.log.exists()


def test_as_root_it_installs_exactly_what_is_missing(host):
    host.command("python3", "exit 1")  # there, but without venv
    done = host.run()
    assert done.returncode == 0
    assert host.log.read_text().split() == ["install", "-y", "-q", "--no-install-recommends", "python3-venv"]
    assert "python3-venv" in done.stdout


def test_without_root_it_says_what_root_should_do_and_calls_nothing(host):
    host.command("id", "echo 1000")
    (host.bin / "make").unlink()
    done = host.run()
    assert done.returncode == 1
    assert "apt-get install make" in done.stderr
    assert not host.log.exists()


def test_offline_it_fails_with_a_clear_line(host):
    (host.bin / "make").unlink()
    host.command("apt-get", "echo 'Temporary failure resolving' >&2; exit 100")
    done = host.run()
    assert done.returncode == 1
    assert "could not install make (no network" in done.stderr


def test_elsewhere_than_debian_it_says_so(host):
    (host.bin / "make").unlink()
    (host.bin / "apt-get").unlink()
    done = host.run()
    assert done.returncode == 1
    assert "no apt-get" in done.stderr

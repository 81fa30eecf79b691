"""The bundle: right wheels for the host's machine, made once, installed without network, pip or ensurepip."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from fedwarden.common.errors import RemoteError
from fedwarden.remote import wheels
from fedwarden.remote.bundle import TOP, Bundles, check_interpreter, requirements, unpack
from fedwarden.remote.target import Target

HERE = Target(python="3.11", arch="x86_64", glibc="2.28")


@pytest.fixture
def small(monkeypatch):
    """A lock with one small package: bundles of a few hundred kilobytes, by the same path as the real ones."""
    wanted = []
    keep = False
    for line in wheels.lock_text().splitlines():
        if line and not line.startswith((" ", "#")):
            keep = line.startswith(("h11==", "pip=="))
        if keep:
            wanted.append(line)
    assert sum(not line.startswith(" ") for line in wanted) == 2
    monkeypatch.setattr(wheels, "lock_text", lambda: "\n".join(wanted) + "\n")


def names(path: str) -> list[str]:
    with tarfile.open(path) as archive:
        return [name.removeprefix(f"{TOP}/") for name in archive.getnames()]


def make_or_skip(bundles: Bundles, target: Target):
    try:
        return bundles.make(target)
    except RemoteError as error:
        if error.code == "FW-SSH-050":
            pytest.skip(f"pip reaches no packages here: {error.params['why']}")
        raise


def test_the_same_contents_make_the_same_file_once(small, tmp_path):
    first = make_or_skip(Bundles(tmp_path / "a"), HERE)
    again = Bundles(tmp_path / "a").make(HERE)
    other = Bundles(tmp_path / "b").make(HERE)
    assert (first.built, again.built, other.built) == (True, False, True)
    assert first.name == again.name == other.name
    assert Path(first.path).read_bytes() == Path(other.path).read_bytes()
    assert Path(first.path).stat().st_mode & 0o777 == 0o600
    found = names(first.path)
    assert {"install.sh", "requirements.txt", "name", "python", "arch"} <= set(found)
    assert sum(name.endswith(".whl") for name in found) == 3


def test_pip_is_asked_for_the_hosts_machine_not_for_this_one():
    words = Target(python="3.13", arch="aarch64", glibc="2.28").pip_words()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    assert ("--python-version", "3.13") in pairs
    assert [value for name, value in pairs if name == "--abi"] == ["cp313", "abi3", "none"]
    platforms = [value for name, value in pairs if name == "--platform"]
    assert platforms[0] == "manylinux_2_28_aarch64"
    assert all(value.endswith("_aarch64") for value in platforms)
    assert "manylinux_2_29_aarch64" not in platforms


def test_pips_own_configuration_decides_where_packages_come_from(small, tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'empty'}\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    for name in [name for name in os.environ if name.startswith("PIP_") and name != "PIP_CONFIG_FILE"]:
        monkeypatch.delenv(name)
    with pytest.raises(RemoteError) as caught:
        Bundles(tmp_path).make(HERE)
    assert caught.value.code == "FW-SSH-050"
    assert "h11" in caught.value.message("zh")
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == [".lock"]


def test_an_addresss_password_is_not_told():
    told = wheels._pip_words("ERROR: no such https://me:geheim@mirror/simple/x\n\n")
    assert told == "ERROR: no such https://mirror/simple/x"


def test_requirements_pin_every_wheel_by_hash():
    text = requirements({"b_c-2.0-py3-none-any.whl": "bb", "a-1-cp311-cp311-manylinux.whl": "aa"})
    assert text == "a==1 --hash=sha256:aa\nb_c==2.0 --hash=sha256:bb\n"


def test_it_installs_with_nothing_but_python_and_venv(small, tmp_path):
    """``import fedwarden`` needs none of the packages left out; pip and ensurepip of the machine are not asked."""
    import sys

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    made = make_or_skip(Bundles(tmp_path), Target(python=version, arch=os.uname().machine, glibc="2.28"))
    inside = unpack(Path(made.path), tmp_path / "x")
    environment = {"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_INDEX": "0"}

    def install(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(inside / "install.sh"), *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    target = tmp_path / "in stalled"
    done = install(str(target), sys.executable)
    assert (done.returncode, done.stdout) == (0, f"installed {made.name}\n"), done.stderr
    assert install(str(target), sys.executable).stdout == f"unchanged {made.name}\n"
    (target / ".fedwarden").unlink()  # as if it had been killed
    assert install(str(target), sys.executable).stdout == f"installed {made.name}\n"
    (tmp_path / "else").mkdir()
    (tmp_path / "else/file").touch()
    assert install(str(tmp_path / "else"), sys.executable).returncode == 5
    assert (tmp_path / "else/file").exists()

    wheel = next((inside / "wheels").glob("h11-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = install(str(tmp_path / "changed"), sys.executable)
    assert done.returncode == 6
    assert "hash" in done.stderr.lower()
    assert not (tmp_path / "changed").exists()

    (inside / "arch").write_text("sparc")
    done = install(str(tmp_path / "other"))
    assert (done.returncode, (tmp_path / "other").exists()) == (3, False)
    (inside / "arch").write_text(os.uname().machine)
    (inside / "python").write_text("3.99")
    done = install(str(tmp_path / "other"))
    assert (done.returncode, (tmp_path / "other").exists()) == (4, False)


def test_an_archive_without_the_right_python_is_refused(tmp_path):
    archive = tmp_path / "python.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        made.addfile(tarfile.TarInfo("python/bin/python3.12"))
    check_interpreter(archive, Target(python="3.12", arch="x86_64", glibc="2.28"))
    for path in (archive, tmp_path / "none"):
        with pytest.raises(RemoteError) as caught:
            check_interpreter(path, HERE)
        assert caught.value.code == "FW-SSH-052"


def test_a_regulator_without_a_checkout_passes_itself_on(tmp_path, monkeypatch):
    import zipfile

    built = wheels.own_wheel(tmp_path)
    site = tmp_path / "site"
    with zipfile.ZipFile(built) as opened:
        opened.extractall(site)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(wheels, "checkout", lambda: tmp_path / "nowhere")
    (tmp_path / "again").mkdir()
    again = wheels.own_wheel(tmp_path / "again")
    with zipfile.ZipFile(again) as second, zipfile.ZipFile(built) as first:
        assert sorted(second.namelist()) == sorted(first.namelist())
        assert "fedwarden/remote/base.lock" in second.namelist()
        assert "fedwarden/remote/scripts/install.sh" in second.namelist()

"""The bundle: right wheels for the host's machine, made once, installed without network, pip or ensurepip."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from fedwarden.common.errors import RemoteError
from fedwarden.remote import interpreters, wheels
from fedwarden.remote.bundle import TOP, Bundles, requirements, unpack
from fedwarden.remote.target import Target

HERE = Target(python="3.11", arch="x86_64", glibc="2.28")


@pytest.fixture
def small(monkeypatch):
    """A lock with one small package: bundles of a few hundred kilobytes, by the same path as the real ones."""
    wanted = []
    keep = False
    for line in wheels.lock_text().splitlines():
        if line and not line.startswith((" ", "#")):
            keep = line.startswith(("h11==", "pip==", "msgspec=="))
        if keep:
            wanted.append(line)
    assert sum(not line.startswith(" ") for line in wanted) == 3
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
    assert sum(name.endswith(".whl") for name in found) == 4


def test_pip_is_asked_for_the_hosts_machine_not_for_this_one():
    words = Target(python="3.13", arch="aarch64", glibc="2.28").pip_words()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    assert ("--python-version", "3.13") in pairs
    assert [value for name, value in pairs if name == "--abi"] == ["cp313", "abi3", "none"]
    platforms = [value for name, value in pairs if name == "--platform"]
    assert platforms[0] == "manylinux_2_28_aarch64"
    assert all(value.endswith("_aarch64") for value in platforms)
    assert "manylinux_2_29_aarch64" not in platforms


def test_a_bundle_for_another_machine_holds_that_machines_wheels(small, tmp_path):
    made = make_or_skip(Bundles(tmp_path), Target(python="3.12", arch="aarch64", glibc="2.28"))
    (compiled,) = [name for name in names(made.path) if "msgspec" in name]
    assert "-cp312-cp312-" in compiled
    assert compiled.endswith("_aarch64.whl")
    assert "-cp312-aarch64-" in made.name


@pytest.mark.long
def test_every_locked_package_has_a_wheel_for_aarch64(tmp_path):
    made = make_or_skip(Bundles(tmp_path), Target(python="3.11", arch="aarch64", glibc="2.28"))
    found = [name for name in names(made.path) if name.endswith(".whl")]
    assert len(found) > 20
    assert [name for name in found if not name.endswith(("_aarch64.whl", "-any.whl"))] == []


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


def archive_of(path: Path, name: str, content: bytes) -> Path:
    import io

    with tarfile.open(path, "w:gz") as made:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o755
        made.addfile(entry, io.BytesIO(content))
    return path


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(11) + machine.to_bytes(2, "little") + bytes(44)


def test_an_interpreter_is_known_by_what_is_in_its_archive_and_the_last_of_a_machine_is_kept(tmp_path):
    one = archive_of(tmp_path / "a.tgz", "python/bin/python3.12", elf(183))
    two = archive_of(tmp_path / "b.tgz", "bin/python3.11", elf(62))
    three = archive_of(tmp_path / "c.tgz", "x/bin/python3.13", elf(62))
    for archive in (one, two, three):
        interpreters.keep(archive, tmp_path / "kept")
    found = interpreters.kept(tmp_path / "kept")
    assert {arch: it.python for arch, it in found.items()} == {"aarch64": "3.12", "x86_64": "3.13"}
    assert Path(found["x86_64"].path).read_bytes() == three.read_bytes()
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("bin/python3.12", b"#!/bin/sh\n"), ("bin/python3.10", elf(62)), ("bin/python3.12", elf(8)), ("lib/x", b"")],
)
def test_an_archive_without_a_python_that_fits_is_refused(tmp_path, name, content):
    archive = archive_of(tmp_path / "a.tgz", name, content)
    for path in (archive, tmp_path / "none"):
        with pytest.raises(RemoteError) as caught:
            interpreters.keep(path, tmp_path / "kept")
        assert caught.value.code == "FW-SSH-052"
    assert not (tmp_path / "kept").exists()


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


def test_an_installation_from_the_bundle_has_the_checkouts_release(tmp_path):
    """Else every deploy would take its own agents for old ones."""
    import sys
    import zipfile

    from fedwarden.common.release import release

    site = tmp_path / "site"
    with zipfile.ZipFile(wheels.own_wheel(tmp_path)) as opened:
        opened.extractall(site)
    words = "from fedwarden.common.release import release, __file__ as f; print(release(), f)"
    for change in (False, True):
        if change:
            with (site / "fedwarden" / "__init__.py").open("a") as file:
                file.write("# other\n")
        done = subprocess.run(
            [sys.executable, "-c", words], env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
        )
        told, place = done.stdout.split()
        assert place.startswith(str(site))
        assert (told == release()) is not change

"""A real FATE-Flow 2.2 for the tests here, and a regulator beside it; skipped with the reason where there is none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fate_environment import NoFate, environment
from fate_server import flow

sys.path.insert(0, str(Path(__file__).parents[1] / "fate"))

import breast
from federation import Programs


@pytest.fixture(scope="session")
def fate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL."""
    try:
        with flow(environment(), tmp_path_factory.mktemp("fate")) as url:
            yield url
    except NoFate as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """FATE's example rows: guest's table, host's table."""
    return breast.write(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One regulator for all tests of a module: an upload into FATE takes a quarter of a minute."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("regulator") / "home"
        patch.setenv("FEDWARDEN_HOME", str(folder))
        patch.setenv("FEDWARDEN_LANG", "en")
        patch.delenv("FEDWARDEN_SSH_KEY", raising=False)
        yield folder


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(capfd, monkeypatch)

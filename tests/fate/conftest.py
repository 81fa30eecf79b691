"""A regulator in a folder of its own, in this process, beside a simulated FATE."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from federation import Programs, Tables, write_tables


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEDWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    return tmp_path / "home"


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    yield write_tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.delenv("FEDWARDEN_SSH_KEY", raising=False)
    return Programs(capfd, monkeypatch)

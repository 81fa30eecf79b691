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

FIGURES: list[str] = []


@pytest.fixture(scope="session")
def figures() -> list[str]:
    """Lines that are printed when all tests have run."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("a real FATE 2.2 beside the native engine")
        for line in FIGURES:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def fate(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """Its URL."""

    def say(line: str) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{line}", flush=True)

    try:
        python = environment(say)
    except NoFate as reason:
        pytest.skip(str(reason))
    with flow(python, tmp_path_factory.mktemp("fate")) as url:
        yield url


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

"""What fits into memory is known before a table is read, from sizes that all parties know."""

import resource
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fedwarden.common.errors import JobError
from fedwarden.party import memory

MB = 1 << 20


def machine(folder: Path, megabytes: int, group: str = "0::/") -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {megabytes << 10} kB\n")
    (folder / "proc/self/cgroup").write_text(group + "\n")
    (folder / "proc/self/statm").write_text("1 1 1 1 1 1 1\n")
    return folder / "proc"


@pytest.fixture(autouse=True)
def no_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_the_least_of_machine_and_groups_counts(tmp_path: Path) -> None:
    proc, groups = machine(tmp_path, 900, "0::/a/b"), tmp_path / "groups"
    (groups / "a/b").mkdir(parents=True)
    assert memory.available(proc, groups) == 900 * MB
    (groups / "a/memory.max").write_text(f"{500 * MB}\n")
    (groups / "a/memory.current").write_text(f"{100 * MB}\n")
    (groups / "a/b/memory.max").write_text("max\n")
    assert memory.available(proc, groups) == 400 * MB


def test_a_limit_of_the_process_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50 * MB, 50 * MB))
    used = resource.getpagesize()
    assert memory.available(machine(tmp_path, 900), tmp_path) == 50 * MB - used


class OtherParty:
    """A mesh whose peer has ``columns`` columns."""

    def __init__(self, columns: int) -> None:
        self.columns, self.sent = columns, []

    def send(self, to: str, tag: str, *arrays: np.ndarray) -> None:
        self.sent.append((to, tag, arrays[0].tolist()))

    def recv(self, frm: str, tag: str, limit: int) -> list[np.ndarray]:
        return [np.array([self.columns], dtype=np.uint64)]


def job_with(rows: int, columns: int, theirs: int) -> tuple[SimpleNamespace, SimpleNamespace, dict]:
    result: dict = {}
    told: list = []
    status = SimpleNamespace(
        update=lambda *, result_=result, result: result_.update(result), reveal=told.extend, told=told
    )
    mesh = OtherParty(theirs)
    job = SimpleNamespace(role="host1", party=2, data_roles=["guest", "host1"], mesh=mesh, status=status)
    return job, SimpleNamespace(rows=rows, features=[f"x{i}" for i in range(columns)]), result


def test_what_does_not_fit_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 700 * MB)
    job, dataset, result = job_with(10**6, 10, 10)
    with pytest.raises(JobError) as refused:
        memory.check(job, dataset)
    assert refused.value.code == "FW-JOB-400"
    assert refused.value.params["available"] == 700 < refused.value.params["needed"]
    assert result == {"memory_needed_mb": refused.value.params["needed"], "memory_available_mb": 700}
    assert job.mesh.sent == [("guest", "columns", [10])]


def test_what_fits_goes_on_with_the_estimate_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 700 * MB)
    job, dataset, result = job_with(1000, 10, 10)
    memory.check(job, dataset)
    assert result["memory_needed_mb"] == 300
    assert job.status.told == [{"what": "number of columns", "to": "data parties", "count": 1}]


def test_more_rows_and_anybodys_columns_need_more() -> None:
    base = memory.needed(10**6, 10, 10)
    assert base < memory.needed(2 * 10**6, 10, 10)
    assert base < memory.needed(10**6, 20, 10)
    assert base < memory.needed(10**6, 10, 100)

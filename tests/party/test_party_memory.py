"""What fits into memory is known before a table is read, from sizes that all parties know."""

import resource
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fedwarden.common.errors import JobError
from fedwarden.engine.streams import Address, Streams
from fedwarden.engine.tall import Expanded, Stored
from fedwarden.party.training import memory
from fedwarden.party.training.blocks import Disk, Memory, disk_bytes

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
    known = {resource.RLIMIT_AS: 50 * MB, resource.RLIMIT_DATA: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (known[kind], known[kind]))
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


def job_with(
    rows: int, columns: int, theirs: int, *, blocks: str = "auto", form: str = "parquet", beside: bool = False
) -> tuple[SimpleNamespace, SimpleNamespace, dict]:
    """host1 and a guest with ``theirs`` columns; ``beside``: on the same machine."""
    result: dict = {}
    told: list = []
    status = SimpleNamespace(update=lambda *, result_=result, result: result_.update(result), reveal=told.extend)
    hosts = {"guest": "10.0.0.1", "host1": "10.0.0.1" if beside else "10.0.0.2", "arbiter": "10.0.0.9"}
    roles = [SimpleNamespace(role=role, host=host) for role, host in hosts.items()]
    spec = SimpleNamespace(options={"blocks": blocks}, roles=roles, job_id="1")
    job = SimpleNamespace(
        role="host1",
        party=2,
        data_roles=["guest", "host1"],
        mesh=OtherParty(theirs),
        status=status,
        spec=spec,
        home=Path("/"),
        told=told,
    )
    names = [f"x{i}" for i in range(columns)]
    return job, SimpleNamespace(rows=rows, features=names, format=form, path="/t.csv"), result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs/1").mkdir(parents=True)
    return tmp_path


def free_memory(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setattr(memory, "available", lambda **_: megabytes * MB)


def test_a_limit_of_the_process_counts_without_what_libraries_only_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = machine(tmp_path, 9000)
    known = {resource.RLIMIT_DATA: 800 * MB, resource.RLIMIT_AS: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (known[kind], resource.RLIM_INFINITY))
    assert memory.available(proc, tmp_path / "groups") == 800 * MB - memory.RESERVED
    assert memory.available(proc, tmp_path / "groups", limits=False) == 9000 * MB
    known[resource.RLIMIT_DATA] = MB
    assert memory.available(proc, tmp_path / "groups") == 0


def test_what_does_not_fit_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory(monkeypatch, 500)
    job, dataset, result = job_with(10**6, 10, 10, blocks="memory")
    with pytest.raises(JobError) as refused:
        memory.check(job, dataset)
    assert refused.value.code == "FW-JOB-400"
    assert refused.value.params["available"] == 500 < refused.value.params["needed"]
    assert result["memory_needed_mb"] == refused.value.params["needed"] and result["memory_available_mb"] == 500
    assert job.mesh.sent == [("guest", "columns", [10])]
    assert job.told == [{"what": "number of columns", "to": "data parties", "count": 1}]


def test_what_fits_goes_on_in_memory_with_the_estimates_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory(monkeypatch, 700)
    job, dataset, result = job_with(1000, 10, 10)
    assert isinstance(memory.check(job, dataset), Memory)
    assert result["blocks"] == "memory" and result["memory_needed_mb"] == 300
    assert set(result["memory_by_place_mb"]) == {"memory", "disk"}


def test_what_fits_by_blocks_alone_goes_to_disk(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    free_memory(monkeypatch, 700)
    job, dataset, result = job_with(10**6, 50, 50)
    job.home = folder
    assert isinstance(memory.check(job, dataset), Disk)
    assert result["blocks"] == "disk" and result["memory_by_place_mb"]["memory"] > 700
    assert result["memory_needed_mb"] == result["memory_by_place_mb"]["disk"] < 700


def test_a_choice_of_the_job_is_kept(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    free_memory(monkeypatch, 9000)
    job, dataset, _ = job_with(1000, 10, 10, blocks="disk")
    job.home = folder
    assert isinstance(memory.check(job, dataset), Disk)


def test_a_table_that_cannot_be_read_by_blocks_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory(monkeypatch, 700)
    job, dataset, _ = job_with(10**6, 50, 50, form="csv")
    with pytest.raises(JobError) as refused:
        memory.check(job, dataset)
    assert refused.value.code == "FW-JOB-420" and "party convert /t.csv" in refused.value.fix("en")


def test_a_disk_that_is_too_small_is_known_before_the_table_is_read(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    free_memory(monkeypatch, 700)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=MB))
    job, dataset, _ = job_with(10**6, 50, 50)
    job.home = folder
    with pytest.raises(JobError) as refused:
        memory.check(job, dataset)
    assert refused.value.code == "FW-JOB-421"
    assert refused.value.params["needed"] == disk_bytes(10**6, 50, [50]) // MB > refused.value.params["available"] == 1


def test_roles_on_one_machine_share_what_it_has(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    free_memory(monkeypatch, 2000)
    needs = []
    for beside in (False, True):
        job, dataset, result = job_with(10**6, 40, 40, beside=beside)
        job.home = folder
        memory.check(job, dataset)
        needs.append(result["memory_by_place_mb"]["memory"])
        assert result["blocks"] == ("disk" if beside else "memory")
    assert needs[1] == 2 * needs[0]


@pytest.mark.parametrize(
    ("free", "wish", "place"), [(900, "auto", "memory"), (500, "auto", "disk"), (900, "disk", "disk")]
)
def test_the_arbiter_keeps_its_masks_where_they_fit(
    monkeypatch: pytest.MonkeyPatch, free: int, wish: str, place: str
) -> None:
    free_memory(monkeypatch, free)
    job, _, result = job_with(1, 1, 1, blocks=wish)
    masks = memory.ArbiterPlace(job)
    masks.expect(500_000, [30, 60])
    assert result["blocks"] == place and result["memory_needed_mb"] < free
    made = masks.masks(Streams(bytes(32), "job", "attempt"), Address("m", "mask"), 2, 10)
    assert isinstance(made, Expanded if place == "disk" else Stored)


def test_an_arbiter_without_room_for_its_vectors_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory(monkeypatch, 310)
    job, *_ = job_with(1, 1, 1)
    job.role = "arbiter"
    with pytest.raises(JobError) as refused:
        memory.ArbiterPlace(job).expect(10**6, [3, 6])
    assert refused.value.code == "FW-JOB-400" and refused.value.params["role"] == "arbiter"


def test_more_rows_and_anybodys_columns_need_more() -> None:
    base = memory.needed(10**6, 10, 10)
    assert base < memory.needed(2 * 10**6, 10, 10)
    assert base < memory.needed(10**6, 20, 10)
    assert base < memory.needed(10**6, 10, 100)


def test_by_blocks_columns_cost_next_to_nothing() -> None:
    assert memory.needed_by_blocks(10**6, 200) - memory.needed_by_blocks(10**6, 20) < 2 * MB
    assert memory.needed(10**6, 200, 0) > 3 * memory.needed_by_blocks(10**6, 200)


def test_a_limit_of_one_process_is_not_shared_with_other_roles(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(memory, "available", lambda *, limits=True: (700 if limits else 9000) * MB)
    job, dataset, result = job_with(10**6, 50, 50, beside=True)
    job.home = folder
    assert isinstance(memory.check(job, dataset), Disk)
    assert result["memory_needed_mb"] < 700 == result["memory_available_mb"]

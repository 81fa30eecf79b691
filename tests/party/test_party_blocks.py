"""A table that does not fit into memory: what is on disk has no name, and a process stays below its limit."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fedwarden.common.api import DatasetRequest
from fedwarden.engine.precondition import standardise
from fedwarden.party.tables.own_table import Table, load_table
from fedwarden.party.tables.table_check import read_table
from fedwarden.party.training.blocks import Disk, Memory, disk_bytes
from fedwarden.party.training.cells import Cells

ROOT = Path(__file__).resolve().parents[2]


def parquet(path: Path, rows: int, columns: int, *, gaps: bool = True) -> None:
    rng = np.random.default_rng(rows)
    frame = {"id": [f"p{row}" for row in rng.permutation(rows)]}
    for column in range(columns):
        cells = rng.integers(-50, 50, size=rows) / 8 + column
        frame[f"x{column}"] = [None if gaps and cell == column else cell for cell in cells.tolist()]
    pl.DataFrame(frame).write_parquet(path, row_group_size=max(1, rows // 3))


def registered(path: Path):
    request = DatasetRequest(project="p", role="host1", path=str(path), missing="mean")
    return read_table(request).dataset


def on_disk(folder: Path, path: Path) -> tuple[Table, Disk]:
    place = Disk(folder)
    return load_table(folder / "home", registered(path), place.cells, place.between), place


def test_cells_on_disk_are_the_cells_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet(tmp_path / "t.parquet", 500, 7)
    monkeypatch.setattr("fedwarden.party.tables.table_read._GROUP_BYTES", 8 * 500 * 2)  # two columns at a time
    here = load_table(tmp_path / "home", registered(tmp_path / "t.parquet"))
    there, place = on_disk(tmp_path, tmp_path / "t.parquet")
    assert there.ids == here.ids and list(there.pieces()) == list(here.pieces())
    assert np.array_equal(there.features, here.features, equal_nan=True)
    order = np.random.default_rng(1).permutation(500)[:300]
    mine = Cells(Memory().arrange(here.features, order))
    theirs = Cells(place.arrange(there.features, order), place.between)
    assert mine.incomplete == theirs.incomplete and len(mine.incomplete) > 2
    for training in (200, 300):
        assert np.allclose(mine.fill(training), theirs.fill(training), rtol=1e-14)
    a, b = (standardise(it.values, 300) for it in (mine, theirs))
    assert np.allclose(a.means, b.means, rtol=1e-13) and np.allclose(a.moments(), b.moments(), atol=1e-12)


def test_a_matrix_on_disk_multiplies_like_one_in_memory(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values, vector = (rng.integers(0, 2**64, size=size, dtype=np.uint64) for size in ((5, 9000), 5))
    out = []
    for place in (Memory(), Disk(tmp_path)):
        matrix = place.room(5, 9000)
        matrix.step = 1000 if isinstance(place, Disk) else matrix.step
        matrix.write(0, 0, values)
        out.append(np.zeros(9000, dtype=np.uint64))
        matrix.forward(vector, out[-1], 0, 9000)
        assert np.array_equal(matrix.read(3, 2), values[3:])
    assert np.array_equal(*out)


@pytest.mark.parametrize("nameless", [True, False])
def test_nothing_on_disk_has_a_name_or_outlives_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:  # as on a file system that has no such files
        opened = os.open

        def refuse(path, flags, *more, **named):
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "no")
            return opened(path, flags, *more, **named)

        monkeypatch.setattr(os, "open", refuse)
    matrix = Disk(tmp_path).room(3, 1000)
    matrix.write(0, 0, np.ones((3, 1000), dtype=np.uint64))
    assert list(tmp_path.iterdir()) == []
    mine = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in line]
    assert len(mine) == 1 and mine[0].endswith("(deleted)")
    del matrix
    assert not any(str(tmp_path) in line for line in Path("/proc/self/maps").read_text().splitlines())


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(OSError) as told:
        Disk(tmp_path).room(1, 1 << 50)
    assert told.value.errno in (errno.ENOSPC, errno.EFBIG)


def test_what_the_disk_must_hold_is_counted() -> None:
    assert disk_bytes(1000, 3, [4, 5]) == 8 * 1000 * (3 + 4 + 9)


PROGRAM = """
import json, resource, sys
from pathlib import Path
import numpy as np
import fedwarden.engine.lr, fedwarden.party.training.data_party
from fedwarden.engine.executor import InMemory
from fedwarden.engine.precondition import standardise
from fedwarden.party.training.blocks import Disk, Memory
from fedwarden.party.training.cells import Cells
from fedwarden.party.tables.own_table import load_table
from fedwarden.party.tables.table_check import check_table
from fedwarden.common.api import DatasetRequest
folder, kind, headroom = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def figure(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) << 10

small = check_table(DatasetRequest(project="p", role="host1", path=str(folder / "small.parquet"), missing="mean"))
load_table(folder / "home", small)
warm = Memory().room(4, 2000)
warm.write(0, 0, np.ones((4, 2000), dtype=np.uint64))
warm.forward(np.ones(4, dtype=np.uint64), np.zeros(2000, dtype=np.uint64), 0, 2000)
np.ones((600, 600)) @ np.ones((600, 600))  # every library has now taken what it takes
limit = figure("VmData") + headroom
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
before = figure("VmRSS")
place = Disk(folder) if kind == "disk" else Memory()
dataset = check_table(DatasetRequest(project="p", role="host1", path=str(folder / "t.parquet"), missing="mean"))
try:
    table = load_table(folder / "home", dataset, place.cells, place.between)
    cells = Cells(place.arrange(table.features, np.arange(dataset.rows)[::-1].copy()), place.between)
    own = standardise(cells.fill(dataset.rows // 2), dataset.rows // 2, place.between)
    trace = float(np.trace(own.moments()))
    matrix = place.room(len(own.kept), dataset.rows)
    for start in range(0, dataset.rows, 4096):
        stop = min(start + 4096, dataset.rows)
        matrix.write(0, start, np.ascontiguousarray(own.block(start, stop).T).view(np.uint64))
    out = np.zeros(dataset.rows, dtype=np.uint64)
    matrix.forward(np.ones(len(own.kept), dtype=np.uint64), out, 0, dataset.rows)
except MemoryError:
    print(json.dumps({"memory": "refused"}))
    sys.exit()
kept = figure("VmRSS") - before
print(json.dumps({"trace": trace, "columns": len(own.kept), "kept": kept}))
"""


def limited(folder: Path, kind: str, headroom: int) -> dict:
    words = [sys.executable, "-c", PROGRAM, str(folder), kind, str(headroom)]
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, env=environ, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_a_table_four_times_what_a_process_may_take_is_prepared(tmp_path: Path) -> None:
    """The limit is the system's own (RLIMIT_DATA), set once every library is loaded; the same limit stops a process
    that wants all of it in memory."""
    headroom = 120 << 20
    columns, rows = 450, 140_000
    assert columns * rows * 8 >= 4 * headroom
    parquet(tmp_path / "small.parquet", 100, 3)
    rng = np.random.default_rng(2)
    frame = {f"x{column}": rng.integers(0, 7, size=rows, dtype=np.uint8) for column in range(columns)}
    pl.DataFrame({"id": np.arange(rows), **frame}).write_parquet(tmp_path / "t.parquet", row_group_size=20_000)
    assert limited(tmp_path, "memory", headroom) == {"memory": "refused"}
    done = limited(tmp_path, "disk", headroom)
    assert done["columns"] == columns and done["trace"] == pytest.approx(columns)
    assert done["kept"] < headroom, "mapped pages are given back, though they do not count in the limit"

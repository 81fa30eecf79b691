"""The store: brought up to date by itself, written whole or not at all, never touched by an older program."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

from fedwarden.common.damage import find_damage
from fedwarden.common.errors import StateError
from fedwarden.regulator import migrations
from fedwarden.regulator.auditing import own_chain
from fedwarden.regulator.store import HEAD, Store, all_of, audit, get_meta, set_meta
from fedwarden.regulator.tables import AuditRow, Base, UploadRow


def test_the_migrations_end_in_exactly_the_tables_of_the_program(tmp_path: Path) -> None:
    Store(tmp_path / "s.db").close()
    engine = create_engine(f"sqlite:///{tmp_path / 's.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_the_program_knows_its_newest_step() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head() == HEAD


def test_an_empty_database_is_brought_up_to_date_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    sqlite3.connect(path).close()
    path.chmod(0o600)
    Store(path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == (HEAD,)
    connection.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_newer_store_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("update alembic_version set version_num='9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateError) as caught:
        Store(path)
    assert caught.value.code == "FW-STATE-010"
    assert "9999" in caught.value.message("en")
    assert path.read_bytes() == before


def test_a_damaged_store_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(StateError) as caught:
        Store(path)
    assert caught.value.code == "FW-STATE-011"
    assert str(path) in caught.value.message("en")


def test_a_change_and_its_audit_line_come_together_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with pytest.raises(RuntimeError), store.begin() as session:
        set_meta(session, "a", "1")
        audit(session, "test", "a")
        raise RuntimeError
    with store.begin() as session:
        assert get_meta(session, "a") is None
        assert all_of(session, AuditRow) == []
        set_meta(session, "a", "1")
        audit(session, "test", "a", reason="x")
    with store.begin() as session:
        assert get_meta(session, "a") == "1"
        (line,) = all_of(session, AuditRow)
        assert (line.action, line.subject, line.details) == ("test", "a", {"reason": "x"})
        assert line.at.endswith("Z")
    store.close()


def test_rows_from_before_the_seals_are_sealed_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = Store(path)
    with store.begin() as session:
        for number in range(5):
            audit(session, "test", f"{number}", parties={1: "127.0.0.1"}, 名=[1.5, None])
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("update audit set previous=null, digest=null")
        connection.execute("drop table invitations")  # as the store was then
        connection.execute("update alembic_version set version_num='0002'")
    connection.close()
    store = Store(path)
    with store.begin() as session:
        audit(session, "test", "after")
        records = own_chain(session).records
    store.close()
    assert [record.seq for record in records] == [1, 2, 3, 4, 5, 6]
    assert find_damage(records) == []


def test_foreign_keys_are_held(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with pytest.raises(StateError) as caught, store.begin() as session:
        session.add(UploadRow(deployment_id="nowhere", project="p", created="", replaced=None, roles=[]))
    assert isinstance(caught.value.__cause__, IntegrityError)
    store.close()


WRITER = """
import os, sys
from pathlib import Path
from fedwarden.regulator.store import Store, set_meta
store = Store(Path(sys.argv[1]))
for number in range(100000):
    with store.begin() as session:
        set_meta(session, "left", str(number))
        set_meta(session, "right", str(number))
        if number == 20:
            print("ready", flush=True)
"""


def test_a_killed_writer_leaves_whole_transactions(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as words:
        assert words.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    store = Store(path)
    with store.begin() as session:
        left, right = get_meta(session, "left"), get_meta(session, "right")
    store.close()
    assert left == right
    assert int(left or 0) >= 19

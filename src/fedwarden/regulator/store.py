"""The regulator's store: one SQLite file in WAL mode, brought up to date when it is opened."""

from __future__ import annotations

import contextlib
import datetime
import os
import pwd
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fedwarden.common.chain import GENESIS, AuditHead, sealed
from fedwarden.common.errors import StateError
from fedwarden.regulator.tables import AuditRow, Meta

#: The newest step in ``migrations/versions``; a test compares it with Alembic's own head.
HEAD = "0004"
BUSY_SECONDS = 30


def now() -> str:
    """UTC, ISO 8601, milliseconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """Opens ``path``; :meth:`begin` gives one transaction, written whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Raises StateError FW-STATE-010 (written by a newer program) or -011 (damaged, no space, no permission)."""
        self.path = path
        try:
            found = _revision(path)
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._engine = _engine(path)
            if found != HEAD:
                _migrate(self._engine, path, found)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise StateError("FW-STATE-011", path=str(path), why=_why(error)) from error

    @contextlib.contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by an exception."""
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise StateError("FW-STATE-011", path=str(self.path), why=_why(error)) from error

    def close(self) -> None:
        self._engine.dispose()


def get_meta(session: Session, key: str) -> str | None:
    row = session.get(Meta, key)
    return row.value if row is not None else None


def set_meta(session: Session, key: str, value: str | None) -> None:
    row = session.get(Meta, key)
    if value is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(Meta(key=key, value=value))
    else:
        row.value = value


def audit(session: Session, action: str, subject: str, **details: Any) -> None:
    """Adds the line to the same transaction as the change, sealed to the one before it.

    ``details`` never hold secrets, rows or predictions.
    """
    record = sealed(head_of(session), now(), _actor(), action, subject, details)
    session.add(AuditRow(**{field: getattr(record, field) for field in record.__struct_fields__}))


def head_of(session: Session) -> AuditHead:
    """The last audit row, those of this transaction included."""
    last = session.execute(select(AuditRow.seq, AuditRow.digest).order_by(AuditRow.seq.desc()).limit(1)).first()
    return AuditHead(last.seq, last.digest or "") if last is not None else AuditHead(0, GENESIS)


def _actor() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _why(error: BaseException) -> str:
    # Only the database's own words: a statement's text and parameters stay out of messages.
    origin = getattr(error, "orig", None) or error
    return str(getattr(origin, "strerror", None) or origin).splitlines()[0][:200]


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, so that DDL is transactional too
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # IMMEDIATE: a transaction that will write never fails half way because another one wrote first
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _revision(path: Path) -> str | None:
    """The step the file is at, or None for a new file; without SQLAlchemy and Alembic, which take their time."""
    if not path.exists():
        return None
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
        if not connection.execute("select 1 from sqlite_master where name='alembic_version'").fetchone():
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return str(row[0]) if row else None


def _migrate(engine: Engine, path: Path, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StateError("FW-STATE-010", path=str(path), found=found)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def all_of(session: Session, row: type[Any], *where: Any, order: Any = None) -> list[Any]:
    """Every row of a table that meets the conditions."""
    query = select(row).where(*where)
    return list(session.scalars(query.order_by(order) if order is not None else query))

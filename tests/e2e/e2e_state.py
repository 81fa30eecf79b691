"""What a refusal must leave as it was: everything under the home that is no log, no lock and no audit line."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from e2e_world import World


def snapshot(world: World) -> dict[str, Any]:
    """Files (by digest), the store's rows (without the audit), and live processes."""
    files = {}
    for path in sorted(world.home.rglob("*")):
        name = str(path.relative_to(world.home))
        if path.is_file() and not _moving(path):
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir():
            files[name] = "folder"
    running = {(p.pid, p.create_time()) for p in world.processes()}
    return {"files": files, "rows": _rows(world.home / "regulator.db"), "processes": running}


def _moving(path: Path) -> bool:
    return ".log" in path.name or path.suffix in (".lock", ".jsonl") or path.name.startswith("regulator.db")


def _rows(database: Path) -> dict[str, list[Any]]:
    if not database.exists():
        return {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
        names = [row[0] for row in store.execute("select name from sqlite_master where type='table'")]
        kept = [name for name in names if "audit" not in name and not name.startswith("sqlite_")]
        out = {name: sorted(map(repr, store.execute(f'select * from "{name}"'))) for name in kept}
    store.close()
    return {name: rows for name, rows in out.items() if rows}

"""A regulator's home with two small tables, and the commands run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Site:
    def __init__(self, path: Path) -> None:
        self.home = path / "home"
        for name, columns in (("bank", "id,y,x0"), ("partner", "id,x1")):
            rows = "".join(
                f"{k},{'1,' if 'y' in columns and k % 2 else '0,' if 'y' in columns else ''}{k}\n" for k in range(9)
            )
            (path / f"{name}.csv").write_text(f"{columns}\n{rows}")
        self.tables = [path / "bank.csv", path / "partner.csv"]

    def run(self, *words: object, module: str = "fedwarden.cli.main") -> tuple[str, str, int]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *map(str, words)],
            env={**os.environ, "FEDWARDEN_HOME": str(self.home), "FEDWARDEN_LANG": "en"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return done.stdout, done.stderr, done.returncode

    def good(self, *words: object, module: str = "fedwarden.cli.main") -> str:
        out, err, code = self.run(*words, module=module)
        assert code == 0, (words, out, err)
        return out

    def script(self, *words: object) -> str:
        return self.good("-f", *words, module="fedwarden.cli.script")

    def log(self, party: int) -> Path:
        return self.home / f"deployments/d1/party-{party}/audit.jsonl"

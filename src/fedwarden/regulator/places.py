"""Where the regulator keeps what: one folder, 0700, ``$FEDWARDEN_HOME`` or ``~/.fedwarden``."""

from __future__ import annotations

import os
from pathlib import Path

from fedwarden.common.errors import DeployError


class Places:
    """The paths under one home; :meth:`make` creates the folder itself."""

    def __init__(self, home: Path | None = None) -> None:
        chosen = home or Path(os.environ.get("FEDWARDEN_HOME") or Path.home() / ".fedwarden")
        self.home = chosen.expanduser().absolute()
        self.store = self.home / "regulator.db"
        self.lock = self.home / "regulator.lock"
        self.watcher_lock = self.home / "watcher.lock"
        self.watcher_log = self.home / "watcher.log"
        self.published = self.home / "published.json"
        self.pki = self.home / "pki"
        self.audit = self.home / "audit"  # agents' audit logs of deployments that are gone
        self.deployments = self.home / "deployments"

    def make(self) -> None:
        """Raises DeployError FW-DEP-013 when the folder cannot be made or written, -710 when others use it."""
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._is_somebody_elses():
                raise DeployError("FW-DEP-710", path=str(self.home))
            self.home.chmod(0o700)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise DeployError("FW-DEP-013", path=str(self.home), why=why) from None

    def _is_somebody_elses(self) -> bool:
        """A folder of the system or a whole home, given by mistake, would be closed to everybody else."""
        mode = self.home.stat().st_mode
        shared = mode & 0o002 or self.home.parent in (self.home, Path("/")) or self.home == Path.home()
        if not (mode & 0o077 and shared):
            return False
        held = {path.name for path in self.home.iterdir()}
        return bool(held) and not held & {self.store.name, self.lock.name, self.pki.name, "bundles", "hosts"}

    def party(self, deployment: str, party: int) -> Path:
        return self.deployments / deployment / f"party-{party}"

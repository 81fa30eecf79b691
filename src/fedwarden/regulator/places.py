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
        self.published = self.home / "published.json"
        self.pki = self.home / "pki"
        self.audit = self.home / "audit"  # agents' audit logs of deployments that are gone
        self.deployments = self.home / "deployments"

    def make(self) -> None:
        """Raises DeployError FW-DEP-013 when the folder cannot be made or written."""
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.home.chmod(0o700)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise DeployError("FW-DEP-013", path=str(self.home), why=why) from None

    def party(self, deployment: str, party: int) -> Path:
        return self.deployments / deployment / f"party-{party}"

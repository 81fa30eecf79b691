"""Which model answers under which service name (``bindings.json``); it survives restarts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from fedwarden.common.api import Binding, BindRequest
from fedwarden.common.errors import ModelError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home, check_service
from fedwarden.party.models.parts import ModelShelf


class BindingBook:
    """Safe to use from several threads; every change is on disk before it holds."""

    def __init__(self, home: Home, shelf: ModelShelf) -> None:
        self._path = home.bindings_json
        self._shelf = shelf
        self._lock = threading.Lock()
        self._bound: dict[str, Binding] = {}
        if self._path.exists():
            self._bound = {binding.name: binding for binding in read_struct(self._path, list[Binding])}

    def get(self, name: str) -> Binding:
        """Raises ModelError FW-MODEL-001 when nothing is bound under ``name``."""
        binding = self._bound.get(name)
        if binding is None:
            raise ModelError("FW-MODEL-001", name=name[:64])
        return binding

    def all(self) -> list[Binding]:
        return [self._bound[name] for name in sorted(self._bound)]

    def bind(self, request: BindRequest) -> Binding | None:
        """Points ``name`` to a model; answers what stood there before.

        Raises ModelError: FW-MODEL-002 (no part of that model here), -016 (another model's id), -022 (a part that this
        party should hold is missing).
        """
        check_service(request.name)
        parts = self._shelf.of(request.model_version)
        if not parts:
            raise ModelError("FW-MODEL-002", model=request.model_version)
        if any(part.model_id != request.model_id for part in parts):
            raise ModelError("FW-MODEL-016", model=request.model_version, found=parts[0].model_id)
        roles = [part.role for part in parts]
        for role in parts[0].own_roles():
            if role not in roles:
                raise ModelError("FW-MODEL-022", model=request.model_version, role=role)
        binding = Binding(
            name=request.name,
            model_id=request.model_id,
            model_version=request.model_version,
            algorithm=parts[0].algorithm,
            roles=roles,
            bound=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        with self._lock:
            before = self._bound.get(request.name)
            self._store({**self._bound, request.name: binding})
        return before

    def unbind(self, name: str) -> Binding:
        """Answers what was bound. Raises ModelError FW-MODEL-001."""
        before = self.get(name)
        with self._lock:
            self._store({key: value for key, value in self._bound.items() if key != name})
        return before

    def _store(self, bound: dict[str, Binding]) -> None:
        write_struct(self._path, [bound[name] for name in sorted(bound)])
        self._bound = bound

"""The fate engine adapter: FATE clusters, asked through their own FATE-Flow and FATE-Serving."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fedwarden.common.api import (
    AgentInfo,
    Binding,
    BindRequest,
    Dataset,
    DatasetRequest,
    JobSpec,
    PredictAnswer,
    PredictRequest,
    RoleStatus,
)
from fedwarden.common.errors import FedwardenError, UsageError
from fedwarden.engines.base import Engine, Handed, Site
from fedwarden.remote.access import Access

Note = Callable[..., None]


class FateEngine(Engine):
    """``home`` is the regulator's folder; ``access`` what hosts are logged into with, asked for when it is needed."""

    name = "fate"
    own_arbiter = False

    def __init__(self, home: Path, access: Callable[[], Access], note: Note) -> None:
        self._home = home
        self._access = access
        self._note = note

    def arbiter(self, site: Site, guest: int, hosts: list[int]) -> int:
        """A party that is neither guest nor host where there is one, else the first host: FATE has no place for an
        arbiter of ours."""
        free = [member.party for member in site.members if member.party not in {guest, *hosts}]
        return min(free, default=min(hosts))

    def deploy(self, site: Site) -> Site:
        raise _later("-e fate")

    def delete(self, site: Site) -> None:
        raise _later("-e fate")

    def wake(self, site: Site) -> tuple[Site, list[int]]:
        """FATE's containers start again by themselves (``restart: always``)."""
        return site, []

    def upload(self, site: Site, asked: list[tuple[int, DatasetRequest]]) -> list[Dataset]:
        raise _later("upload")

    def forget(self, site: Site, registered: list[tuple[int, str]]) -> None:
        raise _later("upload")

    def check_tables(self, site: Site, registered: list[tuple[int, str]]) -> list[Dataset]:
        raise _later("submit")

    def submit(self, site: Site, spec: JobSpec) -> Handed:
        raise _later("submit")

    def query(self, site: Site, spec: JobSpec) -> list[RoleStatus | FedwardenError]:
        raise _later("query")

    def stop(self, site: Site, spec: JobSpec, code: str) -> list[RoleStatus | FedwardenError]:
        raise _later("stop")

    def logs(self, site: Site, spec: JobSpec) -> list[str]:
        raise _later("logs")

    def load_bind(self, site: Site, parties: list[int], request: BindRequest) -> list[Binding | None]:
        raise _later("load_bind")

    def predict(self, site: Site, guest: int, request: PredictRequest) -> PredictAnswer:
        raise _later("predict")

    def health(self, site: Site, party: int) -> AgentInfo:
        raise _later("health")


def _later(what: str) -> UsageError:
    return UsageError("FW-USE-018", what=what, instead="-e native")

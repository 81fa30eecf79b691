"""What any FATE-Flow can be asked, whatever its REST form, and what it answers in our words."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Row(NamedTuple):
    """A job at one (role, party). ``state`` is FATE's own word; times are milliseconds since the epoch, 0: not yet."""

    job_id: str
    role: str
    party: int
    state: str
    progress: int
    created: int
    started: int
    ended: int
    conf: dict[str, Any]


class Task(NamedTuple):
    """One component of a job at one (role, party). ``error`` is what FATE tells about its failure, if it tells here."""

    name: str
    role: str
    party: int
    state: str
    started: int
    ended: int
    error: str


class SeenTable(NamedTuple):
    """A table as FATE holds it; ``columns`` without the id."""

    rows: int
    sid: str
    columns: list[str]


class Taken(NamedTuple):
    """What FATE called a job that it took."""

    job_id: str
    model_id: str
    model_version: str


class TableFile(NamedTuple):
    """A table to read: ``path`` as FATE-Flow sees it; ``label`` None at a host."""

    path: str
    namespace: str
    name: str
    label: str | None
    sid: str
    whole_label: bool


class Flow(Protocol):
    """One party's FATE-Flow. Every method raises LinkError FW-LINK-600, -601; JobError FW-JOB-600 when it refuses."""

    def told_version(self) -> str: ...

    def upload(self, file: TableFile) -> str:
        """The id of the job that reads it."""
        ...

    def table(self, namespace: str, name: str) -> SeenTable | None: ...

    def drop(self, namespace: str, name: str) -> None: ...

    def submit(self, body: dict[str, Any]) -> Taken: ...

    def rows(self, job_id: str) -> list[Row]:
        """Of this party's own roles only; empty when it knows no such job."""
        ...

    def begun_by(self, party: int) -> list[Row]:
        """The guest's rows of every job that ``party`` has begun."""
        ...

    def tasks(self, job_id: str, role: str, party: int) -> list[Task]: ...

    def stop(self, job_id: str) -> None: ...

    def losses(self, job_id: str, party: int, component: str) -> list[float]: ...

    def evaluation(self, job_id: str, party: int, component: str) -> dict[str, float]: ...

    def counts(self, job_id: str, party: int, component: str) -> dict[str, float]:
        """What the alignment tells the guest; empty where FATE tells nothing."""
        ...

    def header(self, job_id: str, role: str, party: int, component: str) -> list[str]:
        """The columns of a model's part."""
        ...

    def failure(self, job_id: str, role: str, party: int, component: str) -> str:
        """What FATE's own log says about a component that failed; empty when it says nothing."""
        ...

    def output_table(self, job_id: str, role: str, party: int, component: str) -> tuple[str, int]:
        """Where a component's rows lie in FATE (``namespace/name``), and how many there are."""
        ...

    def output_rows(self, job_id: str, role: str, party: int, component: str) -> bytes:
        """The rows themselves: tar.gz."""
        ...

    def model_file(self, taken: Taken, role: str, party: int, component: str) -> bytes: ...

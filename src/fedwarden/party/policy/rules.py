"""What this party allows: ``policy.yaml`` in the agent's home, written by its operator, obeyed by its agent.

Without the file the defaults below hold. A file that cannot be read or understood allows nothing: whatever needs a
policy is refused with FW-STATE-520 until it is mended. The regulator has no way to change it.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from fedwarden.common.errors import StateError
from fedwarden.common.options import OPTIONS

MAX_BYTES = 64 << 10
#: An agent that runs as root and has no ``dataset_folders`` reads no table from here.
SYSTEM_FOLDERS = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys")


def _absolute(folder: str) -> str:
    if not folder.startswith("/") or "\0" in folder:
        raise ValueError("it must be an absolute path")
    return folder


def _place(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    ipaddress.IPv4Address(host)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("it must be ADDRESS:PORT")
    return listen


Path_ = Annotated[str, AfterValidator(_absolute)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptionRule(_Part):
    """Values that one training option may have: a list of them, or a range (both ends allowed)."""

    only: list[Any] | None = None
    min: float | None = None
    max: float | None = None

    def allows(self, value: Any) -> bool:
        if self.only is not None and value not in self.only:
            return False
        if self.min is None and self.max is None:
            return True
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    @property
    def shown(self) -> str:
        words = [] if self.only is None else [", ".join(map(str, self.only))]
        words += [] if self.min is None else [f">= {self.min:g}"]
        words += [] if self.max is None else [f"<= {self.max:g}"]
        return "; ".join(words)


class PredictionRules(_Part):
    """``per_second`` and ``burst`` bound each caller; the totals count scores for ever, across restarts."""

    per_second: Annotated[float, Field(gt=0, le=1e6)] = 50.0
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    per_model: Annotated[int | None, Field(ge=0)] = None
    per_caller: Annotated[int | None, Field(ge=0)] = None


class ServingRules(_Part):
    """The door of the serving port for other hosts: HTTPS, closed unless ``listen`` names an address of this host."""

    listen: Annotated[str, AfterValidator(_place)] | None = None
    client_certificates: list[int | Literal["regulator"]] = []
    tokens: bool = True
    certificate: Path_ | None = None
    key: Path_ | None = None

    @model_validator(mode="after")
    def _pair(self) -> ServingRules:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


class Policy(_Part):
    algorithms: list[Literal["hetero_lr", "hetero_linr", "example"]] = ["hetero_lr", "hetero_linr", "example"]
    options: dict[str, OptionRule] = {}
    privacy: list[Literal["sealed", "none"]] = ["sealed", "none"]
    roles: list[Literal["guest", "host", "arbiter"]] = ["guest", "host", "arbiter"]
    min_intersection: Annotated[int, Field(ge=1)] = 1
    min_rows: Annotated[int, Field(ge=0)] = 0
    max_rows: Annotated[int | None, Field(ge=1)] = None
    dataset_folders: list[Path_] | None = None
    peers: list[int] | Literal["any"] = "any"
    pins: Literal["accept", "confirm"] = "accept"
    predictions: PredictionRules = PredictionRules()
    serving: ServingRules = ServingRules()

    @model_validator(mode="after")
    def _known_options(self) -> Policy:
        known = {name for model in OPTIONS.values() for name in model.model_fields}
        for name in self.options:
            if name not in known:
                raise ValueError(f"there is no training option {name[:40]}")
        return self


def read(path: Path) -> Policy:
    """The policy that stands in ``path``. Raises StateError FW-STATE-520, which names the place and what is wrong."""
    try:
        with path.open("rb") as handle:
            text = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise StateError("FW-STATE-520", path=str(path), why=error.strerror or type(error).__name__) from None
    if len(text) > MAX_BYTES:
        raise StateError("FW-STATE-520", path=str(path), why=f"> {MAX_BYTES} bytes")
    try:
        found = yaml.safe_load(text)
        return Policy.model_validate({} if found is None else found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        why = first["msg"].removeprefix("Value error, ")
        raise StateError("FW-STATE-520", path=str(path), why=f"{at}: {why}" if at else why) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else type(error).__name__
        raise StateError("FW-STATE-520", path=str(path), why=f"no YAML ({where})") from None


class PolicyBook:
    """The policy in force: read again whenever the file changes. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._mark: tuple[int, ...] | None = None
        self._known: Policy | StateError = Policy()

    def now(self) -> Policy:
        """Raises StateError FW-STATE-520 as long as the file is broken: then nothing is allowed."""
        with self._lock:
            try:
                stat = os.stat(self.path)  # noqa: PTH116 - a Path for every prediction is not needed
                mark: tuple[int, ...] | None = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            except FileNotFoundError:
                mark = None
            except OSError:
                mark = ()
            if mark != self._mark or mark == ():
                self._known = self._read() if mark is not None else Policy()
                self._mark = mark
            if isinstance(self._known, StateError):
                raise StateError(self._known.code, **self._known.params)
            return self._known

    def _read(self) -> Policy | StateError:
        try:
            return read(self.path)
        except StateError as error:
            return error

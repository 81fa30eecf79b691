"""The exceptions of fedwarden.

::

    FedwardenError
    ├── UsageError      FW-USE-…   the words of a command or the keys of a file are wrong
    ├── DeployError     FW-DEP-…   deploying, deleting, starting agents
    ├── IdentityError   FW-ID-…    keys, certificates, fingerprints, who may ask what
    ├── DataError       FW-DATA-…  a party's table or its registration
    ├── JobError        FW-JOB-…   starting, following, ending jobs
    ├── LinkError       FW-LINK-…  a peer is gone, silent, or speaks out of turn
    ├── EngineError     FW-ENG-…   alignment, ranges, numbers that cannot be trained on
    ├── ModelError      FW-MODEL-… publishing and predicting
    ├── RemoteError     FW-SSH-…   reaching a host over SSH, running something there, preparing it
    └── StateError      FW-STATE-… stored state, disk, locks

An error is a *code* and its parameters; the sentence (in English or Chinese) is made where a person reads it, from the
catalogue in ``fedwarden.common.messages``. So an error that crosses machines stays translatable and carries its first
cause unchanged.
"""

from __future__ import annotations

from typing import Any

from fedwarden.common import messages


class FedwardenError(Exception):
    """A failure with a stable code. ``params`` fill the catalogue's sentence; they never hold secrets or rows."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params
        self.beside: dict[str, Any] = {}  # what a command's strict JSON says beside it; it does not cross machines

    def __str__(self) -> str:
        return f"{self.code}: {self.message('en')}"

    def message(self, lang: str | None = None) -> str:
        """One line: what is wrong."""
        return messages.render(self.code, self.params, lang)

    def fix(self, lang: str | None = None) -> str:
        """One line: how to fix it (may be empty)."""
        return messages.render_fix(self.code, self.params, lang)

    @property
    def retcode(self) -> int:
        """The number of the prediction answer for this failure: FATE-Serving's where the cause is the same."""
        return messages.retcode(self.code)

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> FedwardenError:
        """The error that ``to_dict`` wrote, in the class its code belongs to; unknown codes stay readable."""
        code = str(data.get("code", "FW-STATE-099"))
        params = data.get("params")
        params = params if isinstance(params, dict) else {}
        return _class_of(code)(code, **{str(k): v for k, v in params.items()})


class UsageError(FedwardenError):
    pass


class DeployError(FedwardenError):
    pass


class IdentityError(FedwardenError):
    pass


class DataError(FedwardenError):
    pass


class JobError(FedwardenError):
    pass


class LinkError(FedwardenError):
    pass


class EngineError(FedwardenError):
    pass


class ModelError(FedwardenError):
    pass


class RemoteError(FedwardenError):
    pass


class StateError(FedwardenError):
    pass


_BY_AREA: dict[str, type[FedwardenError]] = {
    "USE": UsageError,
    "DEP": DeployError,
    "ID": IdentityError,
    "DATA": DataError,
    "JOB": JobError,
    "LINK": LinkError,
    "ENG": EngineError,
    "MODEL": ModelError,
    "SSH": RemoteError,
    "STATE": StateError,
}


def _class_of(code: str) -> type[FedwardenError]:
    parts = code.split("-")
    return _BY_AREA.get(parts[1] if len(parts) > 1 else "", FedwardenError)

"""How a file on a party's host comes before FATE-Flow's eyes, which may look out of a container."""

from __future__ import annotations

import abc

from fedwarden.engines.base import Member
from fedwarden.engines.fate.parties import FateParty


class Staging(abc.ABC):
    """``stage`` gives the path as FATE-Flow sees it; ``unstage`` removes whatever copy that took."""

    @abc.abstractmethod
    def stage(self, member: Member, party: FateParty, path: str) -> str: ...

    @abc.abstractmethod
    def unstage(self, member: Member, party: FateParty, path: str) -> None: ...


class AsItIs(Staging):
    """An attached cluster: the path is the one that FATE-Flow sees, and nothing is copied."""

    def stage(self, member: Member, party: FateParty, path: str) -> str:
        return path

    def unstage(self, member: Member, party: FateParty, path: str) -> None:
        return

"""Looking at a cluster that already runs: which version it is, and whether its parts answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.engines.fate import versions
from fedwarden.engines.fate.flow1 import Flow1
from fedwarden.engines.fate.flow2 import Flow2
from fedwarden.engines.fate.http import Web
from fedwarden.engines.fate.parties import FateParty
from fedwarden.engines.fate.prediction import reachable
from fedwarden.engines.fate.reach import Reach
from fedwarden.remote.access import Access

Note = Callable[..., None]


def look(home: Path, access: Callable[[], Access], note: Note, number: int, party: FateParty, asked: str) -> FateParty:
    """``party`` with its version and work mode. ``asked``: a version, or "auto".

    Raises LinkError, DeployError FW-DEP-601 (an unknown version), -606 (another one than ``asked``), UsageError
    FW-USE-603 (FATE-Serving for a version that has none).
    """
    reach = Reach(home, access)
    try:
        web = reach.web(party, party.flow, "FATE-Flow", number)
        told = _told(web, number)
        found = versions.nearest(told)
        if asked != "auto" and versions.version(asked) != found:
            raise DeployError("FW-DEP-606", party=number, asked=asked, found=told)
        if told != found.name:
            note("FW-NOTE-605", party=number, found=told, described=found.name)
        if party.serving and found.serving is None:
            raise UsageError("FW-USE-603", version=told)
        mode = 1
        if found.protocol == "v1" and Flow1(web, number, old=found.dsl == "dsl-1", work_mode=1).standalone():
            mode = 0
        party = replace(party, version=found.name, work_mode=mode)
        if party.serving:
            good, answer = reachable(reach.web(party, party.serving, "FATE-Serving", number))
            if not good:
                note("FW-NOTE-606", party=number, answer=answer)
        return party
    finally:
        reach.close()


def _told(web: Web, number: int) -> str:
    """What FATE-Flow says of itself: the newer form is asked first, since the older one is an ordinary answer there."""
    try:
        return Flow2(web, number).told_version()
    except FedwardenError as error:
        if error.code == "FW-LINK-600":
            raise
    return Flow1(web, number, old=True, work_mode=1).told_version()

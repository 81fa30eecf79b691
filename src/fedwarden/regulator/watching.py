"""The watcher: one small process per home that lets jobs with ``retries`` go on while nobody asks about them.

A next attempt is the regulator's to begin, so what begins it is a process of the regulator: started by the command that
submits or resumes such a job (and by ``query``, should it be gone), one for all jobs, ended when none is left that it
could help. It does what ``query`` does, and so may be killed at any moment.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.common.files import locked

if TYPE_CHECKING:
    from fedwarden.regulator.desk import Desk
    from fedwarden.regulator.tables import JobRow

LOOK = 1.0  # seconds between two looks at the store
ASK = 5.0  # seconds between two questions to a job's agents
ASK_LATER = 60.0  # … at most, while a job cannot go on yet
GIVE_UP = 3600.0  # seconds after which a failed job that cannot go on is left to the next ``query``
TAKE_OVER = 5.0  # seconds in which a watcher that found nothing to do makes room for the next one


class _Turn:
    """When a job is asked about next."""

    def __init__(self) -> None:
        self.due = self.since = time.monotonic()
        self.wait = ASK

    def asked(self, *, stuck: bool) -> None:
        """``stuck``: it has failed and could not go on; then the time to the next question grows."""
        now = time.monotonic()
        if stuck:
            self.wait = min(2 * self.wait, ASK_LATER)
        else:
            self.since, self.wait = now, ASK
        self.due = now + self.wait

    @property
    def given_up(self) -> bool:
        return time.monotonic() - self.since > GIVE_UP


def watch(desk: Desk) -> None:
    """Returns when no job is left that has retries and could still need one."""
    from fedwarden.regulator.following import query
    from fedwarden.regulator.resuming import wants_retry

    turns: dict[str, _Turn] = {}
    while rows := [row for row in _with_retries(desk) if row.state != "failed" or not _turn(turns, row).given_up]:
        for row in rows:
            turn = _turn(turns, row)
            if time.monotonic() < turn.due:
                continue
            desk.notices.clear()  # nobody reads them here; what matters is in the job's record
            try:
                turn.asked(stuck=wants_retry(query(desk, row.id).row))
            except FedwardenError:
                turn.asked(stuck=True)
        time.sleep(LOOK)


def _turn(turns: dict[str, _Turn], row: JobRow) -> _Turn:
    return turns.setdefault(row.id, _Turn())


def _with_retries(desk: Desk) -> list[JobRow]:
    from fedwarden.regulator.resuming import retries_left, wants_retry
    from fedwarden.regulator.store import all_of
    from fedwarden.regulator.tables import DeploymentRow, JobRow

    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        standing = [row.id for row in all_of(session, DeploymentRow, DeploymentRow.state == "deployed")]
        rows = all_of(session, JobRow, JobRow.deployment_id.in_(standing), JobRow.state != "success")
    return [row for row in rows if retries_left(row) and (row.state != "failed" or wants_retry(row))]


def main() -> None:
    """Holds the lock before anything heavy is imported: most watchers find that there is one."""
    parser = argparse.ArgumentParser(prog="fedwarden.regulator.watching", description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    home = parser.parse_args().home
    from fedwarden.regulator.places import Places

    places = Places(home)
    try:
        with locked(places.watcher_lock, TAKE_OVER):
            from fedwarden.regulator.opening import open_desk

            with open_desk(home, watcher=lambda _: None) as desk:
                watch(desk)
    except (FedwardenError, OSError) as error:
        if not (isinstance(error, StateError) and error.code == "FW-STATE-002"):
            raise


if __name__ == "__main__":
    main()

"""The tables registered at this party: what they are (``datasets/<id>.json``), never what stands in them."""

from __future__ import annotations

import contextlib
import os
import secrets

from fedwarden.common.api import Dataset, DatasetRequest
from fedwarden.common.errors import DataError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home
from fedwarden.party.policy.checks import check_folder, check_rows
from fedwarden.party.policy.rules import Policy, PolicyBook
from fedwarden.party.tables.table_file import changed, open_table, sha256_of


class DatasetRegistry:
    """Safe to use from several threads: every dataset is a file of its own, written once."""

    def __init__(self, home: Home, policy: PolicyBook | None = None) -> None:
        self._home = home
        self._policy = policy or PolicyBook(home.policy_yaml)

    def check(self, request: DatasetRequest) -> Dataset:
        """Reads the table and answers what would be registered (id ``""``).

        Raises DataError: FW-DATA-520 (the policy), and what ``table_check`` says; StateError FW-STATE-520.
        """
        from fedwarden.party.tables.table_check import check_table  # polars is imported with the first table

        policy = self._policy.now()
        check_folder(policy, request.path)
        dataset = check_table(request, self._home.root, lambda path, real: check_folder(policy, path, real))
        check_rows(policy, dataset)
        return dataset

    def register(self, request: DatasetRequest) -> Dataset:
        """``check``, then stores it under a fresh id."""
        from msgspec.structs import replace

        dataset = replace(self.check(request), dataset_id=f"ds-{secrets.token_hex(8)}")
        write_struct(self._home.dataset(dataset.dataset_id), dataset)
        return dataset

    def get(self, dataset_id: str) -> Dataset:
        """Raises DataError FW-DATA-041 when it is not registered here."""
        try:
            return read_struct(self._home.dataset(dataset_id), Dataset)
        except FileNotFoundError:
            raise DataError("FW-DATA-041", dataset=dataset_id) from None

    def rules(self) -> Policy:
        """The policy in force. Raises StateError FW-STATE-520."""
        return self._policy.now()

    def verify(self, dataset_id: str) -> Dataset:
        """``get``, after making sure that the file still is what was registered, and still is allowed.

        Raises DataError FW-DATA-041, -042, -520; StateError FW-STATE-520.
        """
        dataset = self.get(dataset_id)
        check_folder(self._policy.now(), dataset.path)
        check_rows(self._policy.now(), dataset)
        verify_file(dataset)
        return dataset

    def forget(self, dataset_id: str) -> Dataset:
        """The file itself stays."""
        dataset = self.get(dataset_id)
        with contextlib.suppress(FileNotFoundError):
            self._home.dataset(dataset_id).unlink()
        return dataset

    def all(self) -> list[Dataset]:
        if not self._home.datasets.exists():
            return []
        return [read_struct(path, Dataset) for path in sorted(self._home.datasets.glob("ds-*.json"))]


def file_mark(path: str) -> tuple[int, int] | None:
    """Size and modification time (ns): cheap enough for every prediction. None when there is no such file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for every prediction is not needed
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def verify_file(dataset: Dataset) -> None:
    """Raises DataError: FW-DATA-042 (changed since registration), or why the file cannot be read."""
    with open_table(dataset.path) as handle:
        same = os.fstat(handle.fileno()).st_size == dataset.size and sha256_of(handle) == dataset.sha256
    if not same:
        raise changed(dataset)

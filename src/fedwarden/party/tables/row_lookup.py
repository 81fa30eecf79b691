"""Finding one row of a registered table by its id: made ready once (``row_store``), a few tables at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from fedwarden.common.api import Dataset
from fedwarden.common.errors import FedwardenError
from fedwarden.party.home import Home
from fedwarden.party.policy.checks import check_folder
from fedwarden.party.policy.rules import Policy
from fedwarden.party.tables.datasets import DatasetRegistry, file_mark
from fedwarden.party.tables.row_store import RowStore

KEPT = 4


class _Loaded(NamedTuple):
    dataset: Dataset
    mark: tuple[int, int] | None  # size and modification time of the file when it was read
    rows: RowStore
    rules: Policy  # that the file was allowed by


class RowBook:
    """Safe to use from several threads. Memory: 24 bytes per row of ``KEPT`` tables; their numbers are in files."""

    def __init__(self, home: Home, datasets: DatasetRegistry) -> None:
        self._home, self._datasets = home, datasets
        self._lock = threading.Lock()  # guards the dictionaries
        self._loading: dict[str, threading.Lock] = {}
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()

    def row(self, dataset_id: str, sample_id: str) -> tuple[list[str], NDArray[np.float64]] | None:
        """Names and values (float64, NaN where missing) of the row with that id (normalised), None if there is none.

        Raises DataError: FW-DATA-041 no such table here, -042 the file changed, -520 the policy does not allow its
        folder any more, or why it cannot be read; StateError FW-STATE-520, -710 (no room in the agent's folder).
        """
        loaded = self._get(dataset_id)
        found = loaded.rows.row(sample_id)
        return None if found is None else (loaded.dataset.features, found)

    def warm(self, dataset_ids: list[str]) -> None:
        """Reads tables ahead of the first question, in the background; a failure shows when somebody asks."""
        threading.Thread(target=self._warm, args=(dataset_ids,), name="warm", daemon=True).start()

    def _warm(self, dataset_ids: list[str]) -> None:
        for dataset_id in dataset_ids[:KEPT]:
            try:
                self._get(dataset_id)
            except FedwardenError as error:
                structlog.get_logger().warning("table not read ahead", dataset=dataset_id, code=error.code)

    def _get(self, dataset_id: str) -> _Loaded:
        with self._lock:
            found = self._loaded.get(dataset_id)
            if found is not None:
                self._loaded.move_to_end(dataset_id)
            one = self._loading.setdefault(dataset_id, threading.Lock())
        if found is None:
            with one:  # two first questions read the table once
                found = self._loaded.get(dataset_id) or self._load(dataset_id)
        if found.rules is not (rules := self._datasets.rules()):
            check_folder(rules, found.dataset.path)
            found = found._replace(rules=rules)
            with self._lock:
                if dataset_id in self._loaded:
                    self._loaded[dataset_id] = found
        if found.mark is None or found.mark != file_mark(found.dataset.path):
            with self._lock:
                self._loaded.pop(dataset_id, None)
            with one:  # touched, or changed: reading it again compares the checksum
                found = self._load(dataset_id)
        return found

    def _load(self, dataset_id: str) -> _Loaded:
        dataset, rules = self._datasets.get(dataset_id), self._datasets.rules()
        check_folder(rules, dataset.path)
        mark = file_mark(dataset.path)
        loaded = _Loaded(dataset, mark, RowStore(self._home.root, dataset), rules)
        with self._lock:
            self._loaded[dataset_id] = loaded
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        return loaded

"""What tables are called in FATE, and the id by which the regulator knows one.

FATE knows a table by (namespace, name) and nothing else, so both say project and role. The id also carries what FATE
does not keep: the label's column and what is to be done with empty cells.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import urllib.parse
from typing import Literal, NamedTuple

_PLAIN = re.compile(r"[A-Za-z0-9_]{1,40}")


class TableName(NamedTuple):
    namespace: str
    name: str
    label: str | None
    missing: Literal["refuse", "mean"]
    rows: int = 0
    sid: str = ""

    @property
    def dataset_id(self) -> str:
        kept = {"label": self.label or "", "missing": self.missing, "rows": str(self.rows), "sid": self.sid}
        return f"{self.namespace}/{self.name}?{urllib.parse.urlencode(kept)}"

    def beside(self, others: list[str]) -> TableName:
        """This name, or the first of ``…_v2``, ``…_v3`` … that none of ``others`` (dataset ids) has."""
        taken = {(it.namespace, it.name) for it in map(TableName.parse, others)}
        names = itertools.chain([self.name], (f"{self.name}_v{number}" for number in itertools.count(2)))
        return self._replace(name=next(it for it in names if (self.namespace, it) not in taken))

    @staticmethod
    def parse(dataset_id: str) -> TableName:
        where, _, kept = dataset_id.partition("?")
        namespace, _, name = where.partition("/")
        told = dict(urllib.parse.parse_qsl(kept, keep_blank_values=True))
        missing: Literal["refuse", "mean"] = "mean" if told.get("missing") == "mean" else "refuse"
        rows = int(told.get("rows") or 0)
        return TableName(namespace, name, told.get("label") or None, missing, rows, told.get("sid", ""))


def table_name(
    deployment: str, project: str, role: str, party: int, label: str | None, missing: Literal["refuse", "mean"]
) -> TableName:
    """FATE's names are letters, digits and ``_``: another project's name becomes its digest."""
    plain = project if _PLAIN.fullmatch(project) else hashlib.sha256(project.encode()).hexdigest()[:16]
    return TableName(f"fedwarden_{deployment}_{plain}", f"{role}_{party}", label, missing)

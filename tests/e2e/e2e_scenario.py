"""What the scenarios of conftest.py hand to a test."""

from __future__ import annotations

from e2e_tables import Tables
from e2e_world import World

PASSWORD = "geheim-Pa55w0rt-7351"


class Scenario:
    """A world with its tables, and the model that was made there."""

    def __init__(self, world: World, tables: Tables) -> None:
        self.world = world
        self.tables = tables
        self.model = ""
        self.job = ""
        self.final: list[str] = []

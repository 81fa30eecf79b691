"""Tests here deploy FATE by script.py, SSH, Docker and Compose to the rig's hosts; skipped where there are none."""

from collections.abc import Iterator

import pytest
from fate_world import FateWorld, world


@pytest.fixture(scope="module")
def two() -> Iterator[FateWorld]:
    """Two hosts without any image."""
    with world(2) as made:
        yield made

import pytest
from agent_lab import Lab


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    """Three parties that know each other; tests leave them running and idle."""
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        made.start(1, 2, 3)
        made.introduce()
        yield made
    finally:
        made.close()


@pytest.fixture
def lone(tmp_path):
    """A lab of a test's own, for what breaks agents."""
    made = Lab(tmp_path)
    try:
        yield made
    finally:
        made.close()

import pytest
from joined_world import LOCAL, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Parties 1 and 2 deployed, the enrolment listener running."""
    made = World(tmp_path_factory.mktemp("joined"))
    try:
        made.good("deploy", "--party", f"1={LOCAL}", "--party", f"2={LOCAL}")
        made.listen()
        yield made
    finally:
        made.close()

"""A worker that ends before it has met everybody: whoever dials it learns why from its agent, and nobody else does."""

import socket
import ssl
import time

import pytest
from agent_lab import Lab
from msgspec.structs import replace

from fedwarden.common.errors import FedwardenError
from fedwarden.identity.contexts import client_context
from fedwarden.transport.handoff import WorkerEnd, make_pair
from fedwarden.transport.mesh import Mesh

ROLES = {"guest": 1, "host1": 2, "arbiter": 3}
JOB = "202601010000000000031"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("end"))
    lab.start(1, 2, 3)
    lab.introduce()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def failed(lab):
    """The guest's worker dies without a word; the others' never begin."""
    spec = lab.spec(JOB, ROLES, options={"act": "silent-exit"})
    lab.client(1).call("POST", "/v1/jobs", spec)
    lab.until(1, JOB, "failed")
    return spec


def meet(lab, spec, role, seconds):
    """What a worker of ``role`` meets, and after how long."""
    mine, theirs = make_pair()
    with mine, WorkerEnd(theirs.detach()) as end:
        mesh = Mesh(lab.home(ROLES[role]), spec, role, end)
        begin = time.monotonic()
        with pytest.raises(FedwardenError) as caught:
            mesh.connect(seconds)
        took = time.monotonic() - begin
        mesh.close(0.5)
    return caught.value, mesh.first_cause(), took


def test_the_peers_of_a_dead_worker_fail_at_once_with_its_cause(lab, failed):
    for role in ("host1", "arbiter"):
        error, cause, took = meet(lab, failed, role, 40)
        assert error.code == "FW-JOB-060" and took < 8, error
        assert (cause["role"], cause["party"]) == ("guest", 1), "the first cause stays where it arose"


def test_another_attempt_of_the_job_hears_nothing_of_this_one(lab, failed):
    error, cause, _ = meet(lab, replace(failed, attempt=2), "host1", 3)
    assert error.code == "FW-LINK-020" and cause is None
    assert "closed" in error.params["out"]


def test_a_party_that_is_not_in_the_job_hears_nothing_either(lab, failed):
    lab.enrol(9)
    context = client_context(*lab.as_party(9))
    with socket.create_connection(("127.0.0.1", lab.infos[1].data_port), 5) as raw:
        raw.settimeout(5)
        try:
            with context.wrap_socket(raw, server_hostname=f"{JOB}.guest.fedwarden") as sock:
                heard = sock.recv(4096)
        except (ssl.SSLError, OSError):
            heard = b""
    assert b"FW-JOB-060" not in heard

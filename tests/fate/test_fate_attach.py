"""attach, detach: what is looked at, what is refused, what stays."""

import pytest
from simulator.cluster import Cluster, Standalone
from simulator.web import Server


def test_parties_are_added_one_by_one_and_the_version_is_found(run):
    with Cluster("1.11.2", [1, 2]) as cluster:
        for number, party in cluster.parties.items():
            done = run.warden("attach", "--party", number, "--flow", party.flow, "--json").json
        assert done["retcode"] == 0 and set(done["parties"]) == {"1", "2"}
        assert {it["version"] for it in done["parties"].values()} == {"1.11.2"}
        told = run.warden("attach", "--party", 2, "--flow", cluster.parties[2].flow)
        assert told.code == 0 and "1=127.0.0.1 2=127.0.0.1" in told.out  # again: the same party, not a second one
        assert "Next:" in told.out


def test_several_parties_in_one_call_are_told_apart_by_their_ids(run):
    with Cluster("1.4.4", [1, 2]) as cluster:
        flows = [word for n, it in cluster.parties.items() for word in ("--flow", f"{n}={it.flow}")]
        parties = ["--party", 1, "--party", 2]
        assert run.warden("attach", *parties, *flows, "--serving", f"1={cluster.parties[1].inference}").code == 0
        done = run.warden("attach", *parties, "--flow", cluster.parties[1].flow)
        assert done.code == 1 and "[FW" not in done.err and "--flow ID=VALUE" in done.err


def test_a_standalone_flow_is_found_out_without_making_a_job(run, tables):
    with Standalone("1.4.4") as server:
        for party in (1, 2):
            assert run.warden("attach", "--party", party, "--flow", server.flow).code == 0
        assert server.node.jobs == {}
        run.upload(tables, "p")
        _, job = run.submit("p")
        assert run.ended(job)["state"] == "success"
        assert server.node.jobs[job].plan["conf"]["job_parameters"]["work_mode"] == 0


@pytest.mark.parametrize("flow", ["ftp://127.0.0.1:9380", "http://127.0.0.1", "http://127.0.0.1:9380/v1", "a b"])
def test_what_is_no_address_is_refused(run, flow):
    done = run.warden("attach", "--party", 1, "--flow", flow, "--json")
    assert (done.code, done.json["code"]) == (1, "FW-USE-600")


def test_nobody_there_and_somebody_else_there_are_told_apart(run):
    done = run.warden("attach", "--party", 1, "--flow", "http://127.0.0.1:9", "--json")
    assert done.json["code"] == "FW-LINK-600" and "127.0.0.1:9" in done.json["message"]
    other = Server(lambda request: {"hello": 1}).start()
    try:
        done = run.warden("attach", "--party", 1, "--flow", other.url, "--json")
    finally:
        other.stop()
    assert done.code == 1 and done.json["code"] in ("FW-JOB-600", "FW-LINK-601")
    assert (
        run.warden("upload", "--project", "p", "--guest", "1=/a", "--host", "2=/b", "--json").json["code"]
        == "FW-DEP-001"
    )


def test_an_unknown_version_and_another_than_was_asked_for_are_refused(run):
    with Standalone("0.9.1") as server:
        assert run.warden("attach", "--party", 1, "--flow", server.flow, "--json").json["code"] == "FW-DEP-601"
    with Standalone("1.4.4") as server:
        words = ("attach", "--party", 1, "--flow", server.flow, "--version")
        assert run.warden(*words, "1.11.2", "--json").json["code"] == "FW-DEP-606"
        assert run.warden(*words, "1.4.4").code == 0


def test_a_near_version_is_spoken_to_as_its_family_and_that_is_said(run):
    with Standalone("1.4.5") as server:
        done = run.warden("attach", "--party", 1, "--flow", server.flow)
        assert done.code == 0 and "1.4.5" in done.err and "1.4.4" in done.err


def test_versions_are_not_mixed(run):
    with Standalone("1.4.4") as old, Standalone("2.2.0") as new:
        assert run.warden("attach", "--party", 1, "--flow", old.flow).code == 0
        assert run.warden("attach", "--party", 2, "--flow", new.flow, "--json").json["code"] == "FW-DEP-603"


def test_fate_2_takes_no_serving(run):
    with Cluster("1.4.4", [1]) as cluster, Standalone("2.2.0") as new:
        words = ("--flow", new.flow, "--serving", cluster.parties[1].inference)
        assert run.warden("attach", "--party", 1, *words, "--json").json["code"] == "FW-USE-603"


def test_a_proxy_that_asks_for_another_party_is_noticed_at_once(run):
    """KubeFATE 1.4.4 leaves ``coordinator`` at 9999."""
    with Cluster("1.4.4", [1]) as cluster:
        cluster.parties[1].proxy.coordinator = "9999"
        party = cluster.parties[1]
        done = run.warden("attach", "--party", 1, "--flow", party.flow, "--serving", party.inference)
        assert done.code == 0 and "coordinator" in done.err and "105" in done.err


def test_detach_leaves_jobs_models_and_tables_alone_unless_told_to_drop_the_tables(run, tables):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, job = run.submit("p")
        assert run.ended(job)["state"] == "success"
        assert run.warden("detach", "--json").json["code"] == "FW-USE-029"  # nobody to ask
        held = [party.node.tables.get("fedwarden_d1_p", name) for party, name in _parties(cluster)]
        assert all(held)
        assert run.warden("detach", "--yes").code == 0
        assert run.script("-f", "query", "-jid", job).out == "success\n" * 3  # history stays
        assert [party.node.tables.get("fedwarden_d1_p", name) for party, name in _parties(cluster)] == held
        run.attach(cluster)
        run.upload(tables, "p")
        assert run.warden("detach", "--yes", "--drop").code == 0
        assert [party.node.tables.get("fedwarden_d2_p", name) for party, name in _parties(cluster)] == [None, None]
        assert job in cluster.parties[1].node.jobs


def _parties(cluster):
    return [(cluster.parties[1], "guest_1"), (cluster.parties[2], "host1_2")]


def test_a_native_deployment_is_not_detached(run, home):
    done = run.warden("detach", "--yes", "--json")
    assert done.json["code"] == "FW-DEP-001"

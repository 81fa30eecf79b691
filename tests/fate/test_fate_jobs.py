"""Jobs in FATE: states, causes, lost answers, stopping, options, replaced tables."""

import pytest
from federation import write_tables
from simulator.cluster import Cluster

VERSIONS = ["1.4.4", "1.11.2", "2.2.0"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_whose_answer_got_lost_is_found_and_not_submitted_twice(run, tables, version):
    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, first = run.submit("p")
        run.ended(first)
        before = set(cluster.parties[1].node.jobs)
        cluster.parties[1].front.lost.add("/v2/job/submit" if version == "2.2.0" else "/v1/job/submit")
        done = run.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
        assert done.code == 0 and "got lost" in done.err
        (made,) = set(cluster.parties[1].node.jobs) - before
        assert made in done.out and first not in done.out
        assert run.ended(made)["state"] == "success"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_waiting_job_says_waiting_and_a_stopped_one_ends_everywhere(run, tables, version):
    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.parties[1].node.queued = True
        _, job = run.submit("p")
        assert run.script("-f", "query", "-jid", job).out == "waiting\n" * 3
        assert run.warden("job", "stop", job).code == 0
        record = run.ended(job)
        assert record["state"] == "failed" and {it["state"] for it in record["roles"]} == {"failed"}
        assert {it["result"]["fate_state"] for it in record["roles"]} == {"canceled"}
        assert record["cause"]["code"] == "FW-JOB-101"
        assert run.warden("job", "stop", job, "--json").json["code"] == "FW-JOB-003"


def test_each_party_is_asked_for_its_own_roles(run, tables):
    with Cluster("1.4.4", [1, 2, 3]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        model_id, job = run.submit("p")
        assert model_id == "arbiter-3#guest-1#host-2#model"  # the one who has no data
        assert run.ended(job)["state"] == "success"
        for number, role in ((1, "guest"), (2, "host"), (3, "arbiter")):
            assert set(cluster.parties[number].node.jobs[job].rows) == {(role, number)}


def test_an_arbiter_that_also_has_data_is_told(run, tables):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        done = run.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
        assert "party 2 is the arbiter and also host1" in done.err


@pytest.mark.parametrize("version", VERSIONS)
def test_the_failing_partys_own_words_are_fetched(run, tables, tmp_path, version):
    bad = tmp_path / "bad.csv"
    bad.write_text(tables.host.read_text().replace("\np0100,", "\np0100,high,", 1).replace(",high,", ",high ", 1))
    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p", 2, bad)
        _, job = run.submit("p")
        record = run.ended(job)
        assert record["state"] == "failed"
        assert record["cause"]["code"] == "FW-JOB-601" and record["cause"]["role"] == "host1"
        assert "could not convert" in record["cause"]["message"] and "party 2" in record["cause"]["message"]
        assert "could not convert" in run.script("-f", "query", "-jid", job).err


def test_a_party_that_is_gone_leaves_its_last_known_state(run, tables):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.parties[1].node.queued = True
        _, job = run.submit("p")
        run.script("-f", "query", "-jid", job)
        cluster.parties[2].servers[0].stop()
        seen = run.script("-f", "query", "-jid", job)
        assert seen.out == "waiting\n" * 3 and "does not answer" in seen.err
        cluster.parties[2].servers[0].stop = lambda: None


def test_a_second_upload_replaces_the_table_and_says_so(run, tables, tmp_path):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        few = tmp_path / "few.csv"
        few.write_text("\n".join(tables.host.read_text().splitlines()[:51]) + "\n")
        done = run.upload(tables, "p", 2, few)
        assert "replaces" in done.err
        assert held(cluster) == {1: {"guest_1_v2": 240}, 2: {"host1_2_v2": 50}}
        run.upload(tables, "p")
        assert held(cluster) == {1: {"guest_1": 240}, 2: {"host1_2": 240}}


def held(cluster):
    """Party → what its FATE has of ours: name → rows."""
    return {
        number: {name: len(it.rows) for (_, name), it in party.node.tables.all().items() if it.rows}
        for number, party in cluster.parties.items()
    }


@pytest.mark.parametrize("version", ["1.4.4", "2.2.0"])
def test_a_replacement_that_fails_at_one_party_replaces_nothing_at_any_and_again_finishes_it(
    run, tables, tmp_path, version
):
    few = tmp_path / "few.csv"
    few.write_text("\n".join(tables.host.read_text().splitlines()[:151]) + "\n")
    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        before = held(cluster)
        words = ("-f", "upload", "-gp", 1, tables.guest, "-hp", 2, "/no/such/file.csv", "-proj", "p")
        done = run.script(*words)
        assert (done.code, done.out) == (1, "upload failure.\n") and "replaces" not in done.err
        assert held(cluster) == before
        cluster.parties[2].front.lost.add("/v2/data/component/upload" if version == "2.2.0" else "/v1/data/upload")
        done = run.script("-f", "upload", "-gp", 1, tables.guest, "-hp", 2, few, "-proj", "p")
        assert (done.code, done.out) == (1, "upload failure.\n"), done
        assert held(cluster)[1] == before[1] and held(cluster)[2].items() >= before[2].items()
        _, job = run.submit("p")  # the tables from before are whole
        assert run.ended(job)["state"] == "success"
        run.upload(tables, "p", 2, few)
        assert held(cluster) == {1: {"guest_1_v2": 240}, 2: {"host1_2_v2": 150}}


def test_a_job_that_waits_keeps_the_tables_it_was_submitted_with(run, tables):
    with Cluster("1.4.4", [1, 2], pace=0.05) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, job = run.submit("p")
        run.upload(tables, "p")
        assert held(cluster) == {1: {"guest_1": 240, "guest_1_v2": 240}, 2: {"host1_2": 240, "host1_2_v2": 240}}
        assert run.ended(job)["state"] == "success"
        run.upload(tables, "p")  # in the place of what no job needs any more
        assert held(cluster) == {1: {"guest_1": 240}, 2: {"host1_2": 240}}


def test_a_table_that_changed_behind_our_back_is_noticed_before_anything_starts(run, tables):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.parties[2].node.tables.get("fedwarden_d1_p", "host1_2").rows.popitem()
        done = run.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1, "--json")
        assert done.json["code"] == "FW-DATA-605" and "239" in done.json["message"]


OPTIONS = {
    "sigmoid: auto": "FW-USE-601",
    "validation: 0.2": "FW-USE-601",
    "psi: arbiter": "FW-USE-601",
    "min_intersection: 10": "FW-USE-601",
    "seed: 1": "FW-USE-601",
    "batch_size: 5": "FW-USE-601",
    "optimizer: foo": "FW-USE-023",
    "learning_rate: 0": "FW-USE-023",
    "max_iterations: 3": "FW-USE-022",
}


def test_options_without_meaning_are_refused_with_what_has_one(run, tables, tmp_path):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        before = dict(cluster.parties[1].node.jobs)
        for text, code in OPTIONS.items():
            (tmp_path / "o.yaml").write_text(text)
            words = ("-proj", "p", "-alg", "hetero_lr", "-m", 1, "--config", tmp_path / "o.yaml", "--json")
            done = run.script("-f", "submit", *words)
            assert done.json["code"] == code, (text, done)
        assert cluster.parties[1].node.jobs == before


def test_options_reach_fate_as_they_were_given(run, tables, tmp_path):
    (tmp_path / "o.yaml").write_text(
        "alpha: 0.5\nmax_iter: 7\noptimizer: adam\nlearning_rate: 0.3\ntol: 0\nkey_length: 1024\n"
    )
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, job = run.submit("p", "hetero_lr", "--config", tmp_path / "o.yaml")
        record = run.ended(job)
        assert record["options"]["optimizer"] == "adam" and record["roles"][0]["iteration"] == 7
        given = cluster.parties[1].node.jobs[job].plan["conf"]["algorithm_parameters"]["hetero_lr_0"]
        assert (given["alpha"], given["learning_rate"], given["encrypt_param"]["key_length"]) == (0.5, 0.3, 1024)


def test_several_hosts_train_with_the_one_rule_that_works_and_are_not_published(run, tables, tmp_path):
    (tmp_path / "o.yaml").write_text("early_stop: diff\n")
    with Cluster("1.4.4", [1, 2, 3]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p", 2, tables.host, 3, tables.other)
        words = ("-proj", "p", "-alg", "hetero_lr", "-m", 1, "--config", tmp_path / "o.yaml", "--json")
        assert run.script("-f", "submit", *words).json["code"] == "FW-JOB-606"
        model_id, job = run.submit("p")
        assert model_id == "arbiter-2#guest-1#host-2_3#model"
        assert run.ended(job)["state"] == "success"
        assert run.script("-f", "query", "-jid", job).out == "success\n" * 4
        bound = run.script("-f", "load_bind", "-mid", model_id, "-mver", job, "-mname", "s", "--json")
        assert bound.json["code"] == "FW-MODEL-610"


def test_one_party_as_guest_and_host_is_a_trial_without_privacy(run, tables):
    with Cluster("1.4.4", [1]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p", 1, tables.host)
        model_id, job = run.submit("p")
        assert model_id == "arbiter-1#guest-1#host-1#model"
        record = run.ended(job)
        assert record["state"] == "success" and record["privacy"] == "none"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_submit_that_was_killed_leaves_no_job_running(run, tables, version, monkeypatch):
    """Killed between FATE's answer and our own record: the next command takes it back."""
    from fedwarden.regulator import submitting

    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.parties[1].node.queued = True
        with monkeypatch.context() as patch:
            patch.setattr(submitting, "_store_running", _die)
            patch.setattr("fedwarden.engines.fate.engine.FateEngine.stop", _die)
            with pytest.raises(_Killed):
                run.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
        (made,) = [job for job in cluster.parties[1].node.jobs.values() if job.plan["kind"] == "train"]
        assert {row["status"] for row in made.rows.values()} == {"waiting"}
        run.script("-f", "submit", "-proj", "nothing", "-alg", "hetero_lr", "-m", 1)  # the next command, whatever it is
        assert {row["status"] for row in made.rows.values()} == {"canceled"}
        assert run.warden("jobs", "--json").json["jobs"] == []


class _Killed(BaseException):
    pass


def _die(*_, **__):
    raise _Killed


def test_tables_with_other_ids_are_told_by_the_alignment(run, tmp_path):
    tables = write_tables(tmp_path)
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, job = run.submit("p")
        guest = next(it for it in run.ended(job)["roles"] if it["role"] == "guest")
        assert guest["result"]["intersect_count"] == 220

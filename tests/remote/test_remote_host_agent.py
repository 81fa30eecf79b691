"""An agent on another host: real bundle, real key made there, a daemon that outlives the session, nothing left."""

import subprocess

import msgspec
import pytest
from cryptography import x509

from fedwarden.common.errors import RemoteError
from fedwarden.identity.keys import fingerprint
from fedwarden.remote import host_agent
from fedwarden.remote.bundle import Bundles
from fedwarden.remote.facts import Facts, gather
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.host_agent import Seat
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.login import Login
from fedwarden.remote.target import target_of
from fedwarden.remote.unit import unit_text


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("regulator")


@pytest.fixture(scope="module")
def bundles(home):
    return Bundles(home)


def key_of(request: bytes) -> str:
    return fingerprint(x509.load_pem_x509_csr(request))


def fresh(rig, number: int) -> str:
    """What of ours is on a host: folders, processes, listening ports."""
    return rig.shell(
        number,
        "ls -d /opt/fedwarden ~deploy/.fedwarden 2>/dev/null; pgrep -fa '[f]edwarden.party';"
        " ss -Hltn | grep -E ':(94|80)'; true",
    )


def test_from_nothing_to_a_running_agent_and_back(rig, home, bundles):
    from fedwarden.identity.authority import CertificateAuthority

    host = rig.hosts[0]
    authority = CertificateAuthority.create(home / "pki")
    login = Login(host.ip, "deploy", key_file=host.key)
    with Fleet([login], HostKeys(home)) as fleet:
        facts = fleet.one(login.place, gather)
        try:
            bundle = bundles.make(target_of(facts))
        except RemoteError as error:
            pytest.skip(f"no bundle can be made here: {error.message()}")
        seat = Seat(facts.root, "d1", 7, bundle.name)
        done = fleet.one(login.place, lambda session: host_agent.install(session, facts, seat, bundle))
        assert done.sent == bundle.size
        again = fleet.one(login.place, lambda session: host_agent.install(session, facts, seat, bundle))
        assert again.sent == 0
        assert again.seconds < 3
        request = fleet.one(login.place, lambda session: host_agent.initialise(session, seat))
        again = fleet.one(login.place, lambda session: host_agent.initialise(session, seat))
        assert key_of(request) == key_of(again)
        certificate = authority.sign_party(request, 7)
        pem = authority.certificate_pem
        fleet.one(login.place, lambda session: host_agent.give_certificate(session, seat, pem, certificate))
        words = host_agent.agent_words(host.ip, (9480, 9470, 8059), any_port=True)
        info = fleet.one(login.place, lambda session: host_agent.start(session, seat, facts, words))
        assert (info.party, info.bind, info.control_port) == (7, host.ip, 9480)
    # the session is over; the agent runs on, as that user, with a private home
    with Fleet([login], HostKeys(home)) as fleet:
        same = fleet.one(login.place, lambda session: host_agent.start(session, seat, facts, words))
        assert same.pid == info.pid
        assert rig.shell(1, f"stat -c %U:%a {seat.home} {seat.home}/key.pem").split() == ["deploy:700", "deploy:600"]
        rig.shell(1, f"kill -9 {info.pid}")
        reborn = fleet.one(login.place, lambda session: host_agent.start(session, seat, facts, words))
        assert reborn.pid != info.pid
        assert msgspec.structs.replace(reborn, pid=0, clock=0) == msgspec.structs.replace(info, pid=0, clock=0)
        for _ in range(2):
            fleet.one(login.place, lambda session: host_agent.remove(session, seat.root, seat.home, seat.unit))
    assert fresh(rig, 1) == ""


def test_an_agent_that_cannot_start_says_why_and_leaves_no_process(rig, home, bundles):
    host = rig.hosts[1]
    login = Login(host.ip, password=host.passwords["root"])
    with Fleet([login], HostKeys(home)) as fleet:
        facts = fleet.one(login.place, gather)
        try:
            bundle = bundles.make(target_of(facts))
        except RemoteError as error:
            pytest.skip(f"no bundle can be made here: {error.message()}")
        seat = Seat(facts.root, "d1", 8, bundle.name)
        assert seat.home == "/opt/fedwarden/agents/d1/party-8"
        fleet.one(login.place, lambda session: host_agent.install(session, facts, seat, bundle))
        fleet.one(login.place, lambda session: host_agent.initialise(session, seat))
        words = host_agent.agent_words(host.ip, (9480, 9470, 8059), any_port=True)
        with pytest.raises(RemoteError) as caught:  # no certificate yet
            fleet.one(login.place, lambda session: host_agent.start(session, seat, facts, words))
        assert caught.value.code == "FW-SSH-061"
        assert "cert.pem" in caught.value.message("en")
        fleet.one(login.place, lambda session: host_agent.remove(session, seat.root, seat.home, seat.unit))
    assert fresh(rig, 2) == ""


def test_only_an_agents_own_folder_is_ever_removed(rig, home):
    host = rig.hosts[2]
    rig.shell(3, "mkdir -p /data/keep/agents && touch /data/keep/file")
    login = Login(host.ip, password=host.passwords["root"])
    with Fleet([login], HostKeys(home)) as fleet:
        for wrong in ("/data/keep", "/data/keep/agents", "/", "/data/keep/agents/d1"):
            with pytest.raises(RemoteError):
                fleet.one(
                    login.place, lambda session, w=wrong: host_agent.remove(session, "/data/keep", w, "x.service")
                )
    assert (host.data / "keep/file").exists()


def test_the_systemd_unit_is_what_systemd_accepts(tmp_path):
    import shutil

    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    words = ("/bin/true", "--home", 'a $HOME %h "b" \\c', "--bind", "10.0.0.1")
    for root in (True, False):
        unit = tmp_path / f"fedwarden-{root}.service".lower()
        unit.write_text(unit_text(1, words, str(tmp_path / "log"), root=root))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        ours = [line for line in done.stderr.splitlines() if unit.name in line]
        assert ours == []


def test_a_host_with_systemd_gets_a_unit_and_one_without_a_daemon():
    seat = Seat("/opt/fedwarden", "d3", 4, "bundle")
    daemon = host_agent.start_command(seat, Facts(uid=0), ("--bind", "10.0.0.1"))
    unit = host_agent.start_command(seat, Facts(uid=0, systemd="system"), ("--bind", "10.0.0.1"))
    assert "daemon" in daemon.argv
    assert "systemd" in unit.argv
    assert b"WantedBy=multi-user.target" in unit.stdin
    assert b'"--home" "/opt/fedwarden/agents/d3/party-4" "--bind" "10.0.0.1"' in unit.stdin

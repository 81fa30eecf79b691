"""The enrolment listener on a real socket: what it refuses, each with its own code, and that nobody can wear it out."""

import contextlib
import datetime
import json
import socket
import ssl
import time

import msgspec
import pytest

from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.common.membership import (
    Arrival,
    Authority,
    Enrolment,
    Invitation,
    Membership,
    Statement,
    invitation_text,
)
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.enrolment_tls import anonymous_context
from fedwarden.identity.keys import fingerprint, make_csr, make_key, read_key, write_key
from fedwarden.identity.revocation import read_book
from fedwarden.identity.statements import hear, sign
from fedwarden.party.home import Home
from fedwarden.party.membership import invitation_file, joining
from fedwarden.party.membership.enrolment_client import EnrolmentClient
from fedwarden.regulator import enrolment, invitations
from fedwarden.regulator.enrolment import EnrolmentListener
from fedwarden.regulator.opening import open_desk
from fedwarden.regulator.store import all_of
from fedwarden.regulator.tables import InvitationRow


class Office:
    """A regulator that has deployed nothing, with its listener."""

    def __init__(self, folder):
        self.folder = folder
        self.told = []
        with self.desk() as desk, desk.changing(create=True):
            self.authority = desk.authority()
        self.listener = EnrolmentListener(
            self.desk, "127.0.0.1", 0, lambda code, params: self.told.append((code, params))
        )
        self.address = f"127.0.0.1:{self.listener.port}"

    def desk(self):
        return open_desk(self.folder)

    def invite(self, party=3, seconds=3600):
        with self.desk() as desk:
            return invitations.invite(desk, party, self.address, seconds)

    def client(self, invitation):
        return EnrolmentClient(invitation.address, invitation.authority)

    def ask(self, invitation, key, **changes):
        fields = {"token": invitation.token, "party": invitation.party, "request": make_csr(key, 3).decode()}
        client = self.client(invitation)
        return client.ask(Enrolment(**{**fields, **changes}), client.authority())

    def approve(self, request, shown):
        with self.desk() as desk:
            return invitations.approve(desk, request, shown)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path / "regulator")
    with made.listener:
        yield made


def refused(call) -> str:
    with pytest.raises(FedwardenError) as caught:
        call()
    for lang in ("en", "zh"):
        assert "{" not in caught.value.message(lang) + caught.value.fix(lang)
    return caught.value.code


def test_an_invitation_is_used_by_one_key_alone_and_signed_only_for_its_fingerprint(office):
    invitation, key = office.invite(), make_key()
    state = office.ask(invitation, key)
    assert (state.state, state.certificate) == ("waiting", "")
    assert office.ask(invitation, key) == state  # asked again: how it stands
    assert refused(lambda: office.ask(invitation, make_key())) == "FW-ID-527"
    assert refused(lambda: office.approve(state.id, "ab" * 32)) == "FW-ID-530"
    assert refused(lambda: office.approve("i99", fingerprint(key))) == "FW-DEP-521"
    assert office.ask(invitation, key).certificate == ""
    office.approve(state.id, fingerprint(key))
    assert "BEGIN CERTIFICATE" in office.ask(invitation, key).certificate
    assert refused(lambda: office.ask(invitation, make_key())) == "FW-ID-527"


def test_wrong_tokens_parties_and_times_are_refused_each_by_its_code(office):
    invitation, key = office.invite(), make_key()
    assert refused(lambda: office.ask(invitation, key, token="x" * 43)) == "FW-ID-525"
    assert refused(lambda: office.ask(invitation, key, party=4)) == "FW-ID-528"
    assert refused(lambda: office.ask(invitation, key, request="no request")) == "FW-ID-005"
    newer = office.invite()  # takes the earlier one back
    assert refused(lambda: office.ask(invitation, key)) == "FW-ID-529"
    assert office.ask(newer, key).state == "waiting"
    short = office.invite(5, seconds=1)
    time.sleep(1.1)
    assert refused(lambda: office.ask(short, key, request=make_csr(key, 5).decode())) == "FW-ID-526"
    assert [code for code, _ in office.told if code == "FW-SAY-522"]


def test_a_withdrawn_request_is_never_signed(office):
    invitation, key = office.invite(), make_key()
    state = office.ask(invitation, key)
    with office.desk() as desk:
        invitations.withdraw(desk, state.id)
    assert refused(lambda: office.approve(state.id, fingerprint(key))) == "FW-DEP-521"
    assert refused(lambda: office.ask(invitation, key)) == "FW-ID-529"


def test_an_approval_that_is_withdrawn_leaves_no_good_certificate(office, tmp_path):
    invitation, key = office.invite(), make_key()
    state = office.ask(invitation, key)
    office.approve(state.id, fingerprint(key))
    with office.desk() as desk:
        invitations.withdraw(desk, state.id)
    home = certified(office, tmp_path, 3, key)
    assert refused(lambda: office.client(invitation).leave(home)) == "FW-ID-522"
    assert not read_book(office.folder / "pki", "ca.crt").holds(fingerprint(key))


def test_a_request_for_another_partys_name_is_not_signed(office):
    invitation, key = office.invite(), make_key()
    state = office.ask(invitation, key, request=make_csr(key, 7).decode())
    assert refused(lambda: office.approve(state.id, fingerprint(key))) == "FW-ID-006"


def test_another_authority_than_the_invitations_is_told_nothing(office):
    invitation = office.invite()
    wrong = msgspec.structs.replace(invitation, authority="ab" * 32)
    assert refused(lambda: office.client(wrong).authority()) == "FW-ID-532"
    with office.desk() as desk, desk.store.begin() as session:
        assert {row.state for row in all_of(session, InvitationRow)} == {"open"}


def test_a_listener_of_another_regulator_is_not_believed_with_the_right_authority_shown(office, tmp_path):
    """Whoever stands in between can repeat the authority's certificate, but not speak as the regulator."""
    other = Office(tmp_path / "other")
    with other.listener:
        invitation = office.invite()
        lied = EnrolmentClient(other.address, invitation.authority)
        asked = Enrolment(token=invitation.token, party=3, request=make_csr(make_key(), 3).decode())
        assert refused(lambda: lied.ask(asked, office.authority.certificate_pem)).startswith("FW-ID-01")
    assert other.told == []


def test_only_a_hash_of_the_token_is_kept(office):
    invitation = office.invite()
    for path in office.folder.rglob("*"):
        if path.is_file():
            assert invitation.token.encode() not in path.read_bytes(), path


def test_of_what_stands_in_between_only_the_invitations_authority_is_believed(office, tmp_path, monkeypatch):
    """A second certificate behind the right one would be believed by everything that loads the file, for ever."""
    other = Office(tmp_path / "other")
    both = Authority(certificate=(office.authority.certificate_pem + other.authority.certificate_pem).decode())
    answer = other.listener.answer
    monkeypatch.setattr(other.listener, "answer", lambda *said: both if said[0] == "GET" else answer(*said))
    with other.listener:
        invitation = office.invite()
        lied = EnrolmentClient(other.address, invitation.authority)
        believed = lied.authority()
        assert believed == office.authority.certificate_pem
        asked = Enrolment(token=invitation.token, party=3, request=make_csr(make_key(), 3).decode())
        assert refused(lambda: lied.ask(asked, believed)).startswith("FW-ID-01")
    assert other.told == []


@pytest.mark.parametrize(
    "wrong", [{"host": "\x1b[2J"}, {"host": "0.0.0.0"}, {"host": "a b"}, {"control_port": 0}, {"data_port": 1 << 16}]
)
def test_an_agents_place_is_looked_at_before_it_is_dialled_or_told(office, tmp_path, wrong):
    invitation, key = office.invite(), make_key()
    office.approve(office.ask(invitation, key).id, fingerprint(key))
    place = {"host": "127.0.0.1", "control_port": 1, "data_port": 2, "serving_port": 3}
    home = certified(office, tmp_path, 3, key)
    code = refused(lambda: office.client(invitation).arrive(home, Arrival(**{**place, **wrong})))
    assert code in ("FW-USE-010", "FW-USE-062")


def test_a_folder_stays_with_the_regulator_with_whom_it_joined(office, tmp_path):
    home, known = Home(tmp_path / "home"), office.authority.fingerprint
    home.root.mkdir()
    write_struct(home.membership_json, Membership(party=3, address=office.address, authority=known))
    others = Invitation(
        address=office.address, authority="ab" * 32, token="t", party=3, expires="2999-01-01T00:00:00+00:00"
    )
    assert refused(lambda: joining.join(others, home, joining.Wishes(), print)) == "FW-DEP-525"
    assert read_struct(home.membership_json, Membership).authority == known


def certified(office, tmp_path, party, key=None):
    home, key = Home(tmp_path / f"home-{party}"), key or make_key()
    home.root.mkdir()
    write_key(home.key, key)
    home.cert.write_bytes(office.authority.sign_party(make_csr(key, party), party))
    home.ca.write_bytes(office.authority.certificate_pem)
    return home


def test_arrival_and_leave_need_the_certificate_that_was_approved(office, tmp_path):
    arrival = Arrival(host="127.0.0.1", control_port=1, data_port=2, serving_port=3)
    invitation, key = office.invite(), make_key()
    client = office.client(invitation)
    stranger = certified(office, tmp_path, 3)  # signed by the CA for party 3, but never through an invitation
    assert refused(lambda: client.arrive(stranger, arrival)) == "FW-ID-531"
    assert refused(lambda: client.leave(stranger)) == "FW-ID-531"
    state = office.ask(invitation, key)
    office.approve(state.id, fingerprint(key))
    own = certified(office, tmp_path, 7, key)
    assert refused(lambda: client.leave(own)) == "FW-ID-531"
    foreign = Home(tmp_path / "foreign")
    foreign.root.mkdir()
    write_key(foreign.key, key)
    other = CertificateAuthority.create(tmp_path / "pki")
    foreign.cert.write_bytes(other.sign_party(make_csr(key, 3), 3))
    foreign.ca.write_bytes(office.authority.certificate_pem)
    assert refused(lambda: client.arrive(foreign, arrival)) in ("FW-ID-013", "FW-LINK-520")


def test_a_revoked_certificate_is_refused_at_the_listener(office, tmp_path):
    home = certified(office, tmp_path, 3)
    office.authority.revoke({fingerprint(read_key(home.key)): "fedwarden:party:3"})
    assert refused(lambda: office.client(office.invite()).leave(home)) == "FW-ID-522"


def raw(office, text: bytes) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", office.listener.port), 10) as sock,
        context.wrap_socket(sock) as secure,
    ):
        secure.sendall(text)
        answer = b""
        while chunk := secure.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"POST /enrol/v1/request HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", b"FW-USE-064"),
        (b"POST /enrol/v1/request HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"FW-USE-064"),
        (b"POST /enrol/v1/request HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"FW-USE-063"),
        (b"POST /enrol/v1/leave HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"FW-ID-060"),
        (b"POST /v1/jobs HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"FW-USE-060"),
        (b"GET /enrol/v1/request HTTP/1.1\r\n\r\n", b"FW-USE-060"),
    ],
)
def test_what_is_too_large_or_unknown_is_refused(office, text, code):
    assert code in raw(office, text)


def test_one_address_cannot_ask_without_end(office, monkeypatch):
    monkeypatch.setattr(enrolment, "PER_SECOND", 0.001)
    monkeypatch.setattr(enrolment, "BURST", 5.0)
    get = b"GET /enrol/v1/authority HTTP/1.1\r\n\r\n"
    answers = [raw(office, get) for _ in range(7)]
    assert [b"FW-USE-520" in answer for answer in answers] == [False] * 5 + [True] * 2


def test_after_many_wrong_invitations_that_address_is_not_answered_and_others_are(office, monkeypatch):
    monkeypatch.setattr(enrolment, "MAX_WRONG", 2)
    invitation = office.invite()
    for _ in range(2):
        assert refused(lambda: office.ask(invitation, make_key(), token="y" * 43)) == "FW-ID-525"
    assert refused(lambda: office.ask(invitation, make_key())) == "FW-USE-520"
    office.listener.budget.take("192.0.2.7")


def test_a_request_that_drips_is_ended_and_one_address_does_not_hold_every_place(office, monkeypatch):
    monkeypatch.setattr(enrolment, "PATIENCE", 1.0)
    monkeypatch.setattr(enrolment, "MAX_OF_ADDRESS", 2)
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(2):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", office.listener.port), 10))
            slow.append(stack.enter_context(anonymous_context(None).wrap_socket(sock)))
            slow[-1].sendall(b"GET /enrol/v1/authority HTTP/1.1\r\n")
        with pytest.raises((OSError, AssertionError)):
            assert raw(office, b"GET /enrol/v1/authority HTTP/1.1\r\n\r\n")
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < begun + 8:  # a byte well within the patience, again and again
                slow[0].sendall(b"a")
                time.sleep(0.2)
        assert time.monotonic() < begun + 8
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError):
            if b"CERTIFICATE" in raw(office, b"GET /enrol/v1/authority HTTP/1.1\r\n\r\n"):
                break
        assert time.monotonic() < end
        time.sleep(0.2)


def test_silent_connections_hold_nobody_up(office):
    silent = [socket.create_connection(("127.0.0.1", office.listener.port), 5) for _ in range(8)]
    try:
        assert office.ask(office.invite(), make_key()).state == "waiting"
    finally:
        for sock in silent:
            sock.close()


@pytest.mark.parametrize("text", ["", "hello", "fedwarden-invitation:1:%%%", "fedwarden-invitation:1:e30="])
def test_what_is_no_invitation_is_refused_before_anything_is_done(tmp_path, text):
    (tmp_path / "file").write_text(text)
    assert refused(lambda: invitation_file.read_invitation(str(tmp_path / "file"))) == "FW-USE-522"
    assert refused(lambda: invitation_file.read_invitation(str(tmp_path / "none"))) == "FW-USE-522"


def test_an_invitation_whose_time_is_over_is_refused_at_the_party_already(tmp_path):
    before = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=5)).isoformat()
    made = Invitation(address="127.0.0.1:1", authority="ab" * 32, token="t", party=3, expires=before)
    (tmp_path / "file").write_text(invitation_text(made))
    assert refused(lambda: invitation_file.read_invitation(str(tmp_path / "file"))) == "FW-ID-526"
    good = msgspec.structs.replace(made, expires="2999-01-01T00:00:00+00:00")
    (tmp_path / "file").write_text(invitation_text(good) + "\n")
    assert invitation_file.read_invitation(str(tmp_path / "file")) == good


def test_a_statement_is_good_for_its_kind_its_text_and_its_key_alone():
    key = make_key()
    made = sign(key, "one kind", {"a": 1})
    assert hear(made, "one kind", fingerprint(key), dict) == {"a": 1}
    assert json.loads(made.text) == {"a": 1}
    changed = Statement(kind=made.kind, text='{"a":2}', key=made.key, signature=made.signature)
    for statement, kind, signer in (
        (made, "another kind", fingerprint(key)),
        (made, "one kind", fingerprint(make_key())),
        (changed, "one kind", fingerprint(key)),
        (msgspec.structs.replace(made, key="x"), "one kind", fingerprint(key)),
        (msgspec.structs.replace(made, signature=""), "one kind", fingerprint(key)),
    ):
        assert refused(lambda s=statement, k=kind, f=signer: hear(s, k, f, dict)) == "FW-ID-521"

"""A table that is refused is named with its party: two parties may well keep theirs under one path."""

import json

import pytest

from fedwarden.cli import forms
from fedwarden.common.api import DatasetRequest
from fedwarden.common.errors import DataError, LinkError
from fedwarden.engines.base import Site
from fedwarden.engines.native.engine import NativeEngine

PATH = "/data/table.csv"


def upload(monkeypatch, answers):
    """The error of an upload of guest 1 and host 2, whose agents answer the look with ``answers``."""

    def post(_self, _site, one, _path):
        if isinstance(answers.get(one[0]), Exception):
            raise answers[one[0]]
        return answers.get(one[0])

    monkeypatch.setattr(NativeEngine, "_post_table", post)
    asked = [(k, DatasetRequest(project="p", role=role, path=PATH)) for k, role in ((1, "guest"), (2, "host1"))]
    engine = NativeEngine(lambda: None, lambda: None)
    with pytest.raises((DataError, LinkError)) as caught:
        engine.upload(Site(deployment="d1", members=[]), asked, [])
    return caught.value


@pytest.mark.parametrize(
    ("party", "english", "chinese"),
    [(1, "guest (party 1): ", "guest（参与方 1）："), (2, "host1 (party 2): ", "host1（参与方 2）：")],
)
def test_the_refusal_begins_with_whose_table_it_is(monkeypatch, capfd, party, english, chinese):
    error = upload(monkeypatch, {party: DataError("FW-DATA-002", path=PATH)})
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    forms.complain(error)
    assert capfd.readouterr().err.startswith(f"error: {english}")
    assert json.loads(forms.failure_json("upload", error))["message"].startswith(english)
    monkeypatch.setenv("FEDWARDEN_LANG", "zh")
    forms.complain(error)
    assert capfd.readouterr().err.startswith(f"错误：{chinese}")


def test_what_is_no_refusal_of_a_table_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    error = upload(monkeypatch, {2: LinkError("FW-LINK-005", party=2, address="a", why="w")})
    assert forms.sentence(error).startswith(error.message("en"))
    assert forms.whose(DataError("FW-DATA-002", path=PATH)) == DataError("FW-DATA-002", path=PATH).message("en")

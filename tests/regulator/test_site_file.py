"""fedwarden.yaml: the template is the schema with every field commented; what is wrong is refused by name."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from fedwarden.common.errors import UsageError
from fedwarden.regulator.site_file import HostEntry, PartyEntry, Ports, SiteFile, parse, read, template

PARTS: dict[str, type[BaseModel]] = {"ports": Ports, "arbiter": HostEntry, "parties": PartyEntry}


def fields() -> list[tuple[str, str]]:
    """(part, field) of everything that can be written; the part is empty at the top."""
    return [("", name) for name in SiteFile.model_fields] + [
        (part, name) for part, model in PARTS.items() for name in model.model_fields
    ]


def commented() -> dict[tuple[str, str], str]:
    """The comment above the first place of each field in the template."""
    found: dict[tuple[str, str], str] = {}
    part, comment = "", []
    for line in template().splitlines():
        if line.lstrip().startswith("#"):
            comment.append(line.strip(" #"))
            continue
        match = re.match(r"( *)(- )?(\w+):", line)
        if match is None:
            comment = []
            continue
        if not match[1] and not match[2]:
            part = match[3] if match[3] in PARTS else ""
            found.setdefault(("", match[3]), "\n".join(comment))
        else:
            found.setdefault((part, match[3]), "\n".join(comment))
        comment = []
    return found


def test_the_template_is_the_defaults():
    both = [PartyEntry(id=1, host="127.0.0.1"), PartyEntry(id=2, host="127.0.0.1")]
    assert parse(template(), "t") == SiteFile(parties=both)


@pytest.mark.parametrize(("part", "name"), fields())
def test_every_field_stands_in_the_template_with_a_comment_in_both_languages(part, name):
    comment = commented()[part, name]
    assert re.search(r"[A-Za-z]{3}", comment)
    assert re.search(r"[\u4e00-\u9fff]", comment)


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("partys: []", "partys", "parties"),
        ("parties:\n- {id: 1, host: 10.0.0.1, password: geheim}", "parties[1].password", "password_from"),
        ("parties:\n- {id: 1, host: 10.0.0.1}\n- {id: 2, hots: 10.0.0.1}", "parties[2].hots", "host"),
        ("ports: {contrl: 1}\nparties: [{id: 1, host: 10.0.0.1}]", "ports.contrl", "control"),
        ("arbiter: {id: 0}\nparties: [{id: 1, host: 10.0.0.1}]", "arbiter.id", None),
    ],
)
def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_one(text, key, nearest):
    with pytest.raises(UsageError) as caught:
        parse(text, "f.yaml")
    assert (caught.value.code, caught.value.params["key"]) == ("FW-USE-442", key)
    assert nearest is None or caught.value.params["nearest"] == nearest
    for lang in ("en", "zh"):
        assert "geheim" not in caught.value.message(lang) + caught.value.fix(lang)


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("{id: 0, host: 10.0.0.1}", "parties[1].id"),
        ("{id: true, host: 10.0.0.1}", "parties[1].id"),
        ("{id: 1}", "parties[1].host"),
        ("{id: 1, host: bank.example}", "parties[1].host"),
        ("{id: 1, host: 10.0.0.1, port: '22'}", "parties[1].port"),
        ("{id: 1, host: 10.0.0.1, port: 65536}", "parties[1].port"),
        ("{id: 1, host: 10.0.0.1, user: 'a b'}", "parties[1].user"),
        ("{id: 1, host: 10.0.0.1, user: ''}", "parties[1].user"),
        ("{id: 1, host: 10.0.0.1, relay: 'no'}", "parties[1].relay"),
        ("{id: 1, host: 10.0.0.1, advertise: '10.0.0.1:0'}", "parties[1].advertise"),
        ("{id: 1, host: 10.0.0.1, advertise: 'x:1'}", "parties[1].advertise"),
        ("{id: 1, host: 10.0.0.1, password_from: geheim}", "parties[1].password_from"),
        ("{id: 1, host: 10.0.0.1, password_from: 'env:geheim-'}", "parties[1].password_from"),
        ("{id: 1, host: 10.0.0.1, fate: geheim}", "parties[1].fate"),
        ("{id: 1, host: 10.0.0.1, advertise: {2: 'geheim'}}", "parties[1].advertise"),
        ("{id: 1, host: 10.0.0.1, advertise: {'2': '10.0.0.2'}}", "parties[1].advertise"),
        ("{id: 1, host: 10.0.0.1, advertise_control: {}}", "parties[1].advertise_control"),
        ("{id: 1, host: 10.0.0.1, control: '10.0.0.1:x'}", "parties[1].control"),
        ("{id: 1, host: 10.0.0.1, bind: '10.0.0.1:80'}", "parties[1].bind"),
        ("{id: 1, host: 10.0.0.1, join: 'yes'}", "parties[1].join"),
        ("{id: 1, join: false}", "parties[1].host"),
        ("{id: 1, host: '', join: false}", "parties[1]"),
        ("{id: 1, join: true, user: geheim}", "parties[1]"),
        ("{id: 1, join: true, key: geheim}", "parties[1]"),
    ],
)
def test_a_wrong_value_is_refused_by_its_place_and_not_repeated(entry, key):
    with pytest.raises(UsageError) as caught:
        parse(f"parties: [{entry}]", "f.yaml")
    assert (caught.value.code, caught.value.params["key"]) == ("FW-USE-443", key)
    for lang in ("en", "zh"):
        assert "geheim" not in caught.value.message(lang) + caught.value.fix(lang)
        assert "{" not in caught.value.message(lang)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "a: [",
        "parties: []\nparties: []",
        "ports: {data: 1, data: 2}",
        "\x00",
        "? [a]\n: b",
        "a: 2020-13-45",
        "[" * 5000,
    ],
)
def test_what_is_no_mapping_or_says_a_thing_twice_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse(text, "f.yaml")
    assert caught.value.code == "FW-USE-441"


def test_no_parties_are_no_deployment():
    for text in ("deployment: a", "parties: []"):
        with pytest.raises(UsageError) as caught:
            parse(text, "f.yaml")
        assert caught.value.params["key"] == "parties"


def test_key_and_password_files_are_looked_for_beside_the_file(tmp_path: Path):
    file = tmp_path / "fedwarden.yaml"
    entry = "{id: 1, host: 10.0.0.1, key: keys/a, password_from: 'file:pw'}"
    file.write_text(f"parties: [{entry}, {{id: 2, host: 10.0.0.2, key: /k, password_from: 'env:PW'}}]")
    one, two = read(file).parties
    assert (one.key, one.password_from) == (f"{tmp_path}/keys/a", f"file:{tmp_path}/pw")
    assert (two.key, two.password_from) == ("/k", "env:PW")
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "none.yaml")
    assert caught.value.code == "FW-USE-440"


@pytest.mark.parametrize("page", ["fedwarden-yaml.md", "fedwarden-yaml.zh.md"])
def test_the_file_that_is_shown_is_accepted_and_the_page_names_every_field(page):
    text = (Path(__file__).resolve().parents[2] / "docs" / page).read_text("utf-8")
    shown, joining = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert [one.user for one in parse(shown, page).parties] == ["deploy", "deploy"]
    assert [one.join for one in parse(joining, page).parties] == [False, True]
    assert [name for _, name in fields() if f"`{name}`" not in text] == []

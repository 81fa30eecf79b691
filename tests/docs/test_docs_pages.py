"""The pages themselves: generated parts are current, links lead somewhere, both languages say the same, no gaps."""

import re
import subprocess
import sys
import xml.dom.minidom
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_generated_pages_are_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/make_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def anchors(page: Path) -> set[str]:
    """The ids that a forge gives the headings: lower case, punctuation dropped, blanks to dashes."""
    found = set()
    for title in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE):
        plain = re.sub(r"[`*]", "", title).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_gaps(page):
    words = re.findall(r"\b(TODO|TBD|FIXME|XXX|lorem|coming soon)\b", page.read_text("utf-8"), re.IGNORECASE)
    assert words == []


def test_the_index_lists_every_page():
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"]({page}" not in index] == []


BILINGUAL = ["README", *(f"docs/{path.name[:-6]}" for path in sorted((ROOT / "docs").glob("*.zh.md")))]


@pytest.mark.parametrize("name", BILINGUAL)
def test_both_languages_have_the_same_parts(name):
    english, chinese = ((ROOT / f"{name}{end}").read_text("utf-8") for end in (".md", ".zh.md"))
    for pattern in (r"^(#+) ", r"^(\|.*\|)$", r"^(!\[)"):
        counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)]
        assert counts[0] == counts[1], f"{pattern} stands {counts[0]} and {counts[1]} times"
    commands = [re.findall(r"^\$ (python3 script\.py.*)$", text, re.MULTILINE) for text in (english, chinese)]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_words_shown_are_the_words_that_programs_parse(readme):
    text = (ROOT / readme).read_text("utf-8")
    for line in ("deploy success.", "upload success.", "load_bind success.", "delete success."):
        assert f"\n{line}\n" in text
    job = r"'\d{21}'"
    assert re.search(
        rf"^\{{'retcode': 0, 'model_id': 'arbiter-0#guest-1#host-2#model', 'model_version': {job}, 'jobid': {job}\}}$",
        text,
        re.MULTILINE,
    )
    assert re.search(r'^\{"prob":0\.\d+,"retmsg":"success","retcode":0\}$', text, re.MULTILINE)


def test_pictures_are_well_formed_and_load_nothing():
    pictures = sorted((ROOT / "docs").glob("*.svg"))
    assert pictures
    for picture in pictures:
        document = xml.dom.minidom.parse(str(picture))
        assert document.documentElement.getAttribute("aria-label")
        assert not document.getElementsByTagName("script")
        assert "href" not in picture.read_text("utf-8")

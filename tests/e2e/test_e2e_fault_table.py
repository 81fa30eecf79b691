"""docs/fault-matrix.md: cells of several sittings stand side by side, each with its own day; the page counts them."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from e2e_world import ROOT
from fault_table import CELLS, NOT_RUN, Cell, write_page

PAGE = ROOT / "docs" / "fault-matrix.md"


def test_a_sitting_changes_only_the_cells_that_it_ran(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_page(page, [Cell("guest", "align", "old"), Cell("agent 2", "publish", "kept")])
    page.write_text(re.sub(r"\(\d{4}-\d\d-\d\d\)", "(2001-02-03)", page.read_text()))
    write_page(page, [Cell("guest", "align", "new"), Cell("command", "train", "new too")])
    text, today = page.read_text(), datetime.datetime.now(datetime.UTC).date()
    assert f"new ({today})" in text and f"new too ({today})" in text and "old" not in text
    assert text.count("kept (2001-02-03)") == 1
    assert text.count(NOT_RUN) == len(CELLS) - 3 and f"3 of {len(CELLS)} cells" in text


def test_the_page_is_as_its_generator_writes_it_and_counts_what_was_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(PAGE.read_bytes())
    write_page(page, [])
    assert page.read_text() == PAGE.read_text(), "edit the generator, tests/e2e/fault_table.py, and run it"

"""Writes the generated parts of docs/: error codes (both languages), training options, benchmark tables.

    python scripts/make_docs.py            write what is out of date
    python scripts/make_docs.py --check    exit 1 and name what is out of date

The sources are the message catalogue, fedwarden.common.options and benchmarks/results.json; never edit the
generated parts by hand.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from fedwarden.common.messages import catalogue

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

AREAS = {
    "USE": ("Words of a command, keys of a file", "命令的写法与配置文件的键"),
    "DEP": ("Deploying, deleting, starting agents", "部署、删除与启动代理"),
    "ID": ("Keys, certificates, who may ask what", "密钥、证书与访问权限"),
    "DATA": ("A party's table and its registration", "参与方的数据表及其登记"),
    "JOB": ("Starting, following, ending jobs", "任务的提交、跟踪与结束"),
    "LINK": ("A peer is gone, silent, or speaks out of turn", "对端失联、无响应或消息次序错误"),
    "ENG": ("Alignment, ranges, numbers that cannot be trained on", "样本对齐、数值范围与无法训练的数据"),
    "MODEL": ("Publishing and predicting", "模型发布与预测"),
    "SSH": ("Other hosts over SSH", "通过 SSH 管理其他主机"),
    "STATE": ("Stored state, disk, locks", "状态、磁盘与锁"),
    "NOTE": ("Notices: no failure, but you should know", "提示：不是错误，但需要知道"),
}


def errors_page(lang: str) -> str:
    """docs/errors.md or docs/errors.zh.md: each code with its sentence, its fix and the number a prediction answers."""
    zh = lang == "zh"
    out = ["# 错误码" if zh else "# Error codes", ""]
    out += [
        "每个失败都有一个固定的错误码；`{…}` 处填入具体情况。严格 JSON 输出（`--json`）中为 `code`、`message`、`fix`。"
        if zh
        else "Every failure has a stable code; `{…}` is what happened there. `--json` gives `code`, `message`, `fix`.",
        "",
        "本页由消息目录生成（`make docs`），请勿手工修改。[English](errors.md)"
        if zh
        else "Generated from the message catalogue by `make docs`; do not edit. [中文](errors.zh.md)",
        "",
    ]
    by_area: dict[str, list[str]] = {}
    for code in sorted(catalogue()):
        by_area.setdefault(code.split("-")[1], []).append(code)
    for area in sorted(by_area, key=lambda name: (list(AREAS).index(name) if name in AREAS else 99, name)):
        out += [f"## FW-{area}: {AREAS.get(area, (area, area))[zh]}", ""]
        for code in by_area[area]:
            message = catalogue()[code]
            out += [f"### {code}", "", _text(message.zh if zh else message.en), ""]
            fix = message.fix_zh if zh else message.fix_en
            if fix:
                out += [f"**{'处理' if zh else 'Fix'}** {_text(fix)}", ""]
            if message.retcode != 9001:
                out += [f"{'预测返回码' if zh else 'As a prediction’s answer'}: `retcode` {message.retcode}", ""]
    return "\n".join(out).rstrip() + "\n"


def _text(sentence: str) -> str:
    """A catalogue sentence as Markdown: places set as code, angle brackets and bars kept as they are."""
    plain = " ".join(sentence.split()).replace("<", "&lt;").replace("|", "\\|")
    return re.sub(r"\{(\w+)[^}]*\}", r"`{\1}`", plain)


def benchmark_tables(results: list[dict[str, Any]]) -> str:
    """Markdown of benchmarks/results.json: one row per case and series, newest measurement of each."""
    if not results:
        return "No figures yet: `make bench` writes them.\n"
    out = [
        "| case | series | seconds per iteration | plaintext | ratio | peak memory (MB) | date | CPUs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(results, key=lambda row: (str(row["case"]), str(row["series"]))):
        memory = ", ".join(f"{role} {round(mb)}" for role, mb in row.get("peak_memory_mb", {}).items())
        ratio = _number(row["ratio"])
        out.append(
            f"| {row['case']} | {row['series']} | {_seconds(row['seconds_per_iteration'])} | "
            f"{_seconds(row['plaintext_seconds'])} | {ratio} | {memory} | {row['date']} | {row['cpus']} |"
        )
    out += ["", "Bytes on each link, whole training:", "", "| case | series | link | megabytes |", "|---|---|---|---|"]
    for row in sorted(results, key=lambda row: (str(row["case"]), str(row["series"]))):
        for link, count in row.get("links", {}).items():
            out.append(f"| {row['case']} | {row['series']} | {link} | {count / 1e6:.2f} |")
    return "\n".join(out) + "\n"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def between(page: str, name: str, text: str) -> str:
    """``page`` with ``text`` between ``<!-- name -->`` and ``<!-- /name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = page.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}"


def pages() -> dict[Path, str]:
    """Every generated page as it should be now."""
    out = {DOCS / "errors.md": errors_page("en"), DOCS / "errors.zh.md": errors_page("zh")}
    results = ROOT / "benchmarks" / "results.json"
    rows = json.loads(results.read_text()) if results.exists() else []
    benchmarks = DOCS / "benchmarks.md"
    out[benchmarks] = between(benchmarks.read_text("utf-8"), "results", benchmark_tables(rows))
    return out


def main(arguments: list[str]) -> int:
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"out of date: {path.relative_to(ROOT)} (make docs)", file=sys.stderr)
        else:
            path.write_text(pages()[path], "utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

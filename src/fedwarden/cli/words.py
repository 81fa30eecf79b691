"""The words of script.py, read without argparse: it refuses ``-1e-5`` and ``-2.`` as values and cannot promise that
nothing but the failure form reaches stdout.

The standard library only: a prediction must not wait for imports.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fedwarden.common.errors import UsageError

FUNCTIONS = ("deploy", "upload", "submit", "query", "load_bind", "predict", "delete")
ALGORITHMS = ("hetero_lr", "hetero_linr", "example")

USAGE = """\
usage: python3 script.py [-h] -f {deploy,upload,submit,query,load_bind,predict,delete} ...

  -f/--function            what to do / 要执行的功能
  -u/--users [USER ...]    accepted, without effect / 接受但不使用
  -pw/--password PW ...    one per party; not needed on this machine: deploy, delete / 每个参与方一个，本机无需
                           where FATE is reached through SSH also upload, submit, query, load_bind / 经 SSH 访问 FATE 时
  -id/--id ID ...          party ids, 1 to 2147483647, distinct: deploy, delete / 参与方编号
  -ip/--ip IP ...          IPv4 of each party's host: deploy, delete / 各参与方主机的 IPv4 地址
  -gp ID PATH              guest (label owner) and the absolute path of its data: upload / 标签方及其数据的绝对路径
  -hp ID PATH [ID PATH ..] hosts; one id may be guest and host at once: upload / 各特征方及其数据路径
  -proj/--project NAME     upload, submit / 项目名
  -alg/--algorithm {hetero_lr,hetero_linr,example}     submit / 算法
  -m {0,1}                 1: workers at each party's agent; 0: all on this machine: submit / 运行方式
  -mid MODEL_ID -mver MODEL_VERSION -mname NAME        load_bind / 模型编号、版本、服务名
  -mname NAME -params V [V ...]                        predict / 服务名与标签方特征
  -jid JOB_ID              query / 任务编号

optional / 可选:
  --json                   strict JSON instead of the words above: every function / 输出严格 JSON
  --config FILE.yaml       algorithm options: submit / 算法参数文件
  --label NAME             the label column, default y: upload / 标签列名，默认 y
  --id-column NAME         default: the first column: upload / 编号列名，默认第一列
  --encoding NAME          of the tables; default: utf-8, else detected: upload / 文本编码
  --missing {refuse,mean}  what to do with empty cells, default refuse: upload / 缺失值处理
  -sid SAMPLE_ID           look this sample up at the hosts ("-": read it from stdin): predict / 样本编号
                           with FATE also load_bind, which proves itself with one prediction / FATE 下 load_bind 试预测
  -e/--engine NAME         native or fate, default native: deploy / 引擎
  --images FILE            archive of FATE's images, for hosts that lack them: deploy -e fate / FATE 镜像归档
  --registry PREFIX        what stands before the images' names: deploy -e fate / 镜像仓库前缀
  --fate-version V         1.4.4 or 1.11.2, default 1.4.4: deploy -e fate / FATE 版本
  --subnets NETWORK        private network to cut clusters' networks from: deploy -e fate / 集群网段
  --open NAME [NAME ...]   services open to other machines: deploy -e fate / 对外开放的服务
  --arbiter ID             the arbiter of every job: deploy -e fate / 固定的 arbiter
  --notebook               run FATE's notebook too: deploy -e fate / 同时运行 notebook
  --start-seconds N        how long FATE may take to start, default 600: deploy -e fate / 启动等待秒数
  --purge                  destroy the data of FATE clusters too: delete / 同时销毁 FATE 集群数据

examples / 示例:
  python3 script.py -f deploy -id 1 2 -ip 127.0.0.1 127.0.0.1
  python3 script.py -f upload -gp 1 /data/bank.csv -hp 2 /data/partner.csv -proj loans
  python3 script.py -f submit -proj loans -alg hetero_lr -m 1
  python3 script.py -f query -jid 202611231845120042137
"""


class Option(NamedTuple):
    """``low``/``high``: how many values it takes (high None: any number); ``functions``: whose it is (empty: all)."""

    name: str
    spellings: tuple[str, ...]
    low: int
    high: int | None
    functions: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


OPTIONS = (
    Option("function", ("-f", "--function"), 1, 1),
    Option("users", ("-u", "--users"), 0, None),
    Option("json", ("--json",), 0, 0),
    Option("password", ("-pw", "--password"), 1, None, ("deploy", "delete", "upload", "submit", "query", "load_bind")),
    Option("id", ("-id", "--id"), 1, None, ("deploy", "delete"), ("deploy", "delete")),
    Option("ip", ("-ip", "--ip"), 1, None, ("deploy", "delete"), ("deploy", "delete")),
    Option("engine", ("-e", "--engine"), 1, 1, ("deploy",)),
    Option("images", ("--images",), 1, 1, ("deploy",)),
    Option("registry", ("--registry",), 1, 1, ("deploy",)),
    Option("fate_version", ("--fate-version",), 1, 1, ("deploy",)),
    Option("subnets", ("--subnets",), 1, 1, ("deploy",)),
    Option("open", ("--open",), 1, None, ("deploy",)),
    Option("arbiter", ("--arbiter",), 1, 1, ("deploy",)),
    Option("notebook", ("--notebook",), 0, 0, ("deploy",)),
    Option("start_seconds", ("--start-seconds",), 1, 1, ("deploy",)),
    Option("purge", ("--purge",), 0, 0, ("delete",)),
    Option("gp", ("-gp",), 2, 2, ("upload",), ("upload",)),
    Option("hp", ("-hp",), 2, None, ("upload",), ("upload",)),
    Option("project", ("-proj", "--project"), 1, 1, ("upload", "submit"), ("upload", "submit")),
    Option("label", ("--label",), 1, 1, ("upload",)),
    Option("id_column", ("--id-column",), 1, 1, ("upload",)),
    Option("encoding", ("--encoding",), 1, 1, ("upload",)),
    Option("missing", ("--missing",), 1, 1, ("upload",)),
    Option("algorithm", ("-alg", "--algorithm"), 1, 1, ("submit",), ("submit",)),
    Option("m", ("-m",), 1, 1, ("submit",), ("submit",)),
    Option("config", ("--config",), 1, 1, ("submit",)),
    Option("jid", ("-jid",), 1, 1, ("query",), ("query",)),
    Option("mid", ("-mid",), 1, 1, ("load_bind",), ("load_bind",)),
    Option("mver", ("-mver",), 1, 1, ("load_bind",), ("load_bind",)),
    Option("mname", ("-mname",), 1, 1, ("load_bind", "predict"), ("load_bind", "predict")),
    Option("params", ("-params",), 0, None, ("predict",)),
    Option("sid", ("-sid",), 1, 1, ("predict", "load_bind")),
)
_BY_SPELLING = {spelling: option for option in OPTIONS for spelling in option.spellings}
_DASHED = re.compile(r"--?[A-Za-z]", re.ASCII)
# These take words that begin with a dash: passwords, and anything that claims to be a number.
_GREEDY = ("password", "params")


class Words:
    """The options that were given; ``one`` and ``many`` read them."""

    def __init__(self, function: str, given: dict[str, list[str]]) -> None:
        self.function = function
        self._given = given

    def has(self, name: str) -> bool:
        return name in self._given

    def many(self, name: str) -> list[str]:
        return self._given.get(name, [])

    def one(self, name: str) -> str | None:
        values = self._given.get(name)
        return values[0] if values else None

    def need(self, name: str) -> str:
        """A required option's value (its presence has been checked)."""
        return self._given[name][0]


def function_of(words: list[str]) -> str | None:
    """The function that stands after -f, or None when it is missing or unknown. Never raises."""
    found = None
    for place, word in enumerate(words):
        if word in ("-f", "--function"):
            found = words[place + 1] if place + 1 < len(words) else None
        elif word.startswith("--function="):
            found = word.partition("=")[2]
    return found if found in FUNCTIONS else None


def parse(function: str, words: list[str]) -> Words:
    """Raises UsageError FW-USE-001 … -006. No value is repeated in a message: it might be a password."""
    given: dict[str, list[str]] = {}
    current: Option | None = None
    for place, word in enumerate(words):
        option, value = _option(word)
        if option is None and current is not None and current.name not in _GREEDY and _looks_like_option(word):
            raise UsageError("FW-USE-001", option=word.partition("=")[0][:40], function=function)
        if option is not None:
            if option.name in given:
                raise UsageError("FW-USE-003", option=option.spellings[0])
            given[option.name] = [] if value is None else [value]
            current = option
        elif current is None:
            if _looks_like_option(word):
                raise UsageError("FW-USE-001", option=word.partition("=")[0][:40], function=function)
            raise UsageError("FW-USE-004", place=place + 1, option="script.py")
        elif _is_no_value(word, current, len(given[current.name])):
            raise UsageError("FW-USE-004", place=place + 1, option=current.spellings[0])
        else:
            given[current.name].append(word)
    _check(function, given)
    return Words(function, given)


def _option(word: str) -> tuple[Option | None, str | None]:
    if word in _BY_SPELLING:
        return _BY_SPELLING[word], None
    if word.startswith("--") and "=" in word:
        name, _, value = word.partition("=")
        return _BY_SPELLING.get(name), value
    return None, None


def _is_no_value(word: str, option: Option, count: int) -> bool:
    """One too many, or a mistyped option where the name of a user is expected."""
    return (option.high is not None and count >= option.high) or (option.name == "users" and word.startswith("-"))


def _looks_like_option(word: str) -> bool:
    return _DASHED.match(word) is not None


def _check(function: str, given: dict[str, list[str]]) -> None:
    for option in OPTIONS:
        shown = option.spellings[0]
        if option.name not in given:
            if function in option.required:
                raise UsageError("FW-USE-005", option=shown, function=function)
            continue
        if option.functions and function not in option.functions:
            raise UsageError("FW-USE-006", option=shown, function=function, functions=list(option.functions))
        count = len(given[option.name])
        if count < option.low or (option.high is not None and count > option.high):
            raise UsageError("FW-USE-002", option=shown, need=option.low, count=count)

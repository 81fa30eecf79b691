"""Headings of tables and names of phases in the reader's language; states and roles are the program's own words."""

from __future__ import annotations

from fedwarden.common import messages

CHINESE = {
    "job": "任务",
    "state": "状态",
    "project": "项目",
    "algorithm": "算法",
    "mode": "运行方式",
    "model": "模型",
    "model_id": "模型编号",
    "privacy": "隐私",
    "created": "创建时间",
    "ended": "结束时间",
    "version": "版本",
    "names": "服务名",
    "roles": "角色",
    "role": "角色",
    "party": "参与方",
    "phase": "阶段",
    "iteration": "迭代",
    "loss": "损失",
    "phases": "阶段",
    "seconds": "秒",
    "links": "链路",
    "from": "发送方",
    "to": "接收方",
    "sent": "已发送",
    "received": "已接收",
    "revealed, as each role recorded it": "已公开内容（按各角色的记录）",
    "what was revealed": "公开的内容",
    "count": "数量",
    "metrics and results": "指标与结果",
    "metric": "指标",
    "value": "值",
    "options in force": "生效的选项",
    "option": "选项",
    "host": "主机",
    "action": "操作",
    "why": "原因",
    "no.": "编号",
    "when (UTC)": "时间 (UTC)",
    "who": "谁",
    "what": "操作",
    "of": "对象",
    "details": "详情",
    "id": "编号",
    "services": "服务名",
    "fingerprint": "指纹",
    "fingerprint of the key that asks": "申请方密钥指纹",
    "confirmed": "已确认",
    "expires": "失效时间",
    "ends": "到期时间",
    "days left": "剩余天数",
    "error": "错误",
    "warning": "警告",
    "note": "提示",
    "audit": "审计",
    "records": "记录数",
}


#: What a role is at, as its record names it.
PHASES = {
    "connect": "连接",
    "wait for turn": "等待轮次",
    "resume": "商定续跑位置",
    "load": "读取数据",
    "align": "对齐",
    "train": "训练",
    "evaluate": "评估",
    "refit": "全量重训",
    "store": "保存",
    "finish": "收尾",
    "secure addition": "安全加法",
}


def phase(name: str) -> str:
    """A phase in the reader's language; FATE's own names pass as they are."""
    return PHASES.get(name, name) if messages.language() == "zh" else name


def heading(text: str) -> str:
    """``text`` in the language of FEDWARDEN_LANG; ids and other names of users pass as they are."""
    plain = text.strip("\n")
    if messages.language() != "zh" or plain not in CHINESE:
        return text
    return text.replace(plain, CHINESE[plain])

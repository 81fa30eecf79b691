"""Audit: what was noted, and what was done to the notes. The damage that is found is told with these as well."""

from fedwarden.common.messages.msg import Msg

_LOOK_EN = "Compare with a backup of the store and of the party's folder, and find out who could write there."
_LOOK_ZH = "请与存储及参与方目录的备份比对，并查明谁有写入权限。"

MESSAGES = {
    "FW-STATE-560": Msg(
        en="the audit log {path} cannot be written: {why}; what cannot be noted is not answered",
        zh="审计日志 {path} 无法写入：{why}；无法记录的请求不予应答",
        fix_en="Make room on the disk, or give the agent's folder back to its user.",
        fix_zh="请清理磁盘空间，或恢复代理目录的属主权限。",
    ),
    "FW-STATE-561": Msg(
        en="audit of {store}: record {records} was changed after it was sealed",
        zh="{store} 的审计：记录 {records} 在封存后被修改",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-562": Msg(
        en="audit of {store}: record {records} was taken out",
        zh="{store} 的审计：记录 {records} 被删除",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-563": Msg(
        en="audit of {store}: record {records} was cut off the end; {witness} had noted it",
        zh="{store} 的审计：末尾的记录 {records} 被截去；{witness} 曾记下它",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-564": Msg(
        en="audit of {store}: record {records} stands in another place than it was written",
        zh="{store} 的审计：记录 {records} 的位置被调换",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-565": Msg(
        en="audit of {store}: a record was put in as number {records}",
        zh="{store} 的审计：编号 {records} 处被插入了记录",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-566": Msg(
        en="audit of {store}: record {records} stands there twice",
        zh="{store} 的审计：记录 {records} 重复出现",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-567": Msg(
        en="audit of {store}: where record {records} should stand there is something unreadable",
        zh="{store} 的审计：记录 {records} 处的内容无法读取",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-568": Msg(
        en="audit of {store}: record {records} is not the one that {witness} had noted; the chain was written anew",
        zh="{store} 的审计：记录 {records} 与 {witness} 所记不符，链条被整体重写",
        fix_en=_LOOK_EN,
        fix_zh=_LOOK_ZH,
    ),
    "FW-STATE-570": Msg(
        en="the audit of {stores} could not be read: {why}",
        zh="无法读取 {stores} 的审计：{why}",
        fix_en="Bring the agent or its host back, then verify again; what could be read is whole.",
        fix_zh="请恢复该代理或其主机后重新验证；已读取的部分完好。",
    ),
    "FW-USE-560": Msg(
        en="there is no agent of party {party} here that keeps an audit log",
        zh="此处没有参与方 {party} 的、保存审计日志的代理",
        fix_en="fedwarden audit verify lists all that there are.",
        fix_zh="fedwarden audit verify 列出现有的全部审计。",
    ),
    "FW-NOTE-560": Msg(
        en="agents of {deployed} could not be started again: {why}",
        zh="无法重新启动 {deployed} 的代理：{why}",
    ),
    "FW-SAY-560": Msg(
        en="{count} audit chain(s) are whole",
        zh="{count} 条审计链完好",
    ),
    "FW-NEXT-561": Msg(en="Next: fedwarden audit show", zh="下一步（Next:）：fedwarden audit show"),
    "FW-NEXT-560": Msg(
        en="Next: fedwarden audit verify",
        zh="下一步（Next:）：fedwarden audit verify",
    ),
    "FW-NOTE-563": Msg(
        en="column(s) {columns}: the value given is more than a million standard deviations from the training rows; "
        "check its unit",
        zh="列 {columns}：给出的值与训练数据相差超过一百万个标准差，请检查单位",
    ),
    "FW-MODEL-560": Msg(
        en="the values given are too large: the score is not a number any more",
        zh="给出的值过大：得分已超出可表示的范围",
        fix_en="Give the features in the units of the training table.",
        fix_zh="请按训练数据表的单位给出特征值。",
        retcode=100,
    ),
    "FW-STATE-569": Msg(
        en="the audit is damaged in {count} place(s), first: {first}",
        zh="审计记录有 {count} 处损坏，首处：{first}",
        fix_en="fedwarden audit verify lists all of them; compare with a backup, and find out who could write there.",
        fix_zh="fedwarden audit verify 列出全部损坏；请与备份比对，并查明谁有写入权限。",
    ),
}

"""Stored state, disk, locks."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-STATE-001": Msg(
        en="the file {path} holds something else than expected: {why}",
        zh="文件 {path} 的内容不符合预期：{why}",
        fix_en="Restore it from a backup, or delete the deployment and deploy again.",
        fix_zh="请从备份恢复，或删除部署后重新部署。",
    ),
    "FW-STATE-002": Msg(
        en="another command holds the lock {path} for more than {seconds} s (process {pid})",
        zh="另一条命令占用锁 {path} 已超过 {seconds} 秒（进程 {pid}）",
        fix_en="Wait for it to end, or end that process, and run the same command again.",
        fix_zh="请等待其结束或终止该进程，然后重新执行同一命令。",
    ),
    "FW-STATE-710": Msg(
        en="the disk refuses to be written ({where}): {why}",
        zh="磁盘拒绝写入（{where}）：{why}",
        fix_en="Make room there or allow it, then run the same command again.",
        fix_zh="请腾出空间或修正权限，然后重新执行同一命令。",
    ),
    "FW-DEP-710": Msg(
        en="the folder {path} is shared and holds other things; making it private would shut others out",
        zh="目录 {path} 为公用目录且存有其他内容，设为私有会使他人无法访问",
        fix_en="Set FEDWARDEN_HOME to a folder of its own, such as {path}/fedwarden.",
        fix_zh="请将 FEDWARDEN_HOME 设为单独的目录，例如 {path}/fedwarden。",
    ),
    "FW-STATE-099": Msg(
        en="unexpected failure: {why}",
        zh="意外错误：{why}",
        fix_en="Run the command again; if it fails again, look into the agent's log.",
        fix_zh="请重试；若仍失败，请查看代理日志。",
    ),
}

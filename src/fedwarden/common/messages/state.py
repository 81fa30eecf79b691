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
    "FW-STATE-099": Msg(
        en="unexpected failure: {why}",
        zh="意外错误：{why}",
        fix_en="Run the command again; if it fails again, look into the agent's log.",
        fix_zh="请重试；若仍失败，请查看代理日志。",
    ),
}

"""What can go wrong in the demo and nowhere else."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-JOB-301": Msg(
        en="the demo's training did not end within {seconds} s; still waiting for: {waiting}",
        zh="演示的训练在 {seconds} 秒内没有结束；仍在等待：{waiting}",
        fix_en="Run it again when the machine is less busy.",
        fix_zh="请在机器空闲时重试。",
    ),
    "FW-DEP-301": Msg(
        en="the demo's clean-up found processes that delete had left ({pids}) and ended them",
        zh="演示清理时发现删除部署后仍有进程（{pids}），已将其结束",
        fix_en="Report it: delete should leave nothing.",
        fix_zh="请报告此问题：删除部署后不应有遗留进程。",
    ),
}

"""What ends a job at a worker (codes FW-JOB-100 …; the regulator's and the agent's own stand below 100)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-JOB-101": Msg(
        en="the job was stopped",
        zh="任务已被停止",
        fix_en="Submit it again when you want it.",
        fix_zh="需要时请重新提交。",
    ),
    "FW-JOB-102": Msg(
        en="{role} (party {party}) waited too long for its turn",
        zh="{role}（参与方 {party}）等待轮次超时",
        fix_en="Look at the jobs that run there (fedwarden jobs), stop what hangs, and submit again.",
        fix_zh="请用 fedwarden jobs 查看正在运行的任务，停止卡住的任务后重新提交。",
    ),
    "FW-JOB-103": Msg(
        en="a fault of the program: {why}",
        zh="程序内部错误：{why}",
        fix_en="Report it with the output of: fedwarden logs JOB",
        fix_zh="请附上 fedwarden logs JOB 的输出并报告该问题。",
    ),
    "FW-JOB-104": Msg(
        en="{role} (party {party}) ran out of memory",
        zh="{role}（参与方 {party}）内存不足",
        fix_en="Free memory on that host or use fewer rows or columns.",
        fix_zh="请在该主机释放内存，或减少行数、列数。",
    ),
    "FW-JOB-105": Msg(
        en="the operating system refused: {why}",
        zh="操作系统拒绝：{why}",
        fix_en="Look at disk space and permissions of the agent's folder.",
        fix_zh="请检查代理目录的磁盘空间和权限。",
    ),
    "FW-JOB-106": Msg(
        en="the agent of party {party} ended while the job ran",
        zh="任务运行时参与方 {party} 的代理已退出",
        fix_en="The next command starts a local agent again; then go on with: fedwarden job resume ID.",
        fix_zh="下一条命令会重新启动本机代理；之后可用 fedwarden job resume 编号 继续该任务。",
    ),
    "FW-JOB-107": Msg(
        en="the parties' plans of the job differ (role {role})",
        zh="各方的任务计划不一致（角色 {role}）",
        fix_en="Deploy the same version of fedwarden at every party.",
        fix_zh="请在所有参与方部署相同版本的 fedwarden。",
    ),
    "FW-JOB-108": Msg(
        en="the secure addition gave {obtained} instead of {expected}",
        zh="安全加法得到 {obtained}，应为 {expected}",
        fix_en="A party runs other code or is faulty: deploy the same version everywhere.",
        fix_zh="某一方代码不同或有故障：请在各方部署相同版本。",
    ),
    "FW-JOB-400": Msg(
        en="{role} (party {party}) would need about {needed} MB of memory, and {available} MB are available there",
        zh="{role}（参与方 {party}）约需 {needed} MB 内存，而该主机可用 {available} MB",
        fix_en="Free memory on that host, raise its limit, or use fewer rows or columns.",
        fix_zh="请在该主机释放内存、提高内存限制，或减少行数、列数。",
    ),
    "FW-JOB-420": Msg(
        en="{role} (party {party}): {path} does not fit into memory ({needed} MB, {available} MB are available) "
        "and is no Parquet file, which could be read by blocks",
        zh="{role}（参与方 {party}）：{path} 超出内存（需 {needed} MB，可用 {available} MB），"
        "且不是可分块读取的 Parquet 文件",
        fix_en="Convert it and upload the result: fedwarden party convert {path} TABLE.parquet",
        fix_zh="请先转换再上传：fedwarden party convert {path} TABLE.parquet",
    ),
    "FW-JOB-421": Msg(
        en="{role} (party {party}) would need about {needed} MB on disk in {folder}, and {available} MB are free there",
        zh="{role}（参与方 {party}）约需 {folder} 中 {needed} MB 磁盘空间，而可用 {available} MB",
        fix_en="Free space there, or use fewer rows or columns.",
        fix_zh="请在该处释放空间，或减少行数、列数。",
    ),
    "FW-JOB-422": Msg(
        en="{role} (party {party}): the Ray cluster named by {variable} cannot be used ({why})",
        zh="{role}（参与方 {party}）：无法使用 {variable} 指定的 Ray 集群（{why}）",
        fix_en="Install the extra (pip install 'fedwarden[ray]'), correct the variable (WORKERS or WORKERS@ADDRESS), "
        "or unset it, and start the agent again.",
        fix_zh="请安装可选依赖（pip install 'fedwarden[ray]'）、更正该变量（数目 或 数目@地址）或取消，再重启代理。",
    ),
}

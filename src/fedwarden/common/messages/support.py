"""Support: the archive about one job, and what logs say beside their lines."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-SAY-570": Msg(
        en="fedwarden support: job {job}, state {state}",
        zh="fedwarden 排查资料：任务 {job}，状态 {state}",
    ),
    "FW-SAY-571": Msg(
        en="the record of each role, options in force, sizes of the tables",
        zh="各角色的记录、生效的选项、数据表规模",
    ),
    "FW-SAY-572": Msg(
        en="log lines of all roles in one order of time",
        zh="各角色的日志，统一按时间排序",
    ),
    "FW-SAY-573": Msg(
        en="the agents' health, versions and clocks",
        zh="各代理的状态、版本与时钟",
    ),
    "FW-SAY-574": Msg(
        en="the end of each agent's own log",
        zh="各代理自身日志的末尾",
    ),
    "FW-SAY-575": Msg(
        en="what the audit says of this job, at the regulator and at each agent",
        zh="监管方与各代理关于该任务的审计记录",
    ),
    "FW-SAY-576": Msg(
        en="this machine: system, Python, libraries, disk, memory",
        zh="本机：系统、Python、程序库、磁盘、内存",
    ),
    "FW-SAY-577": Msg(
        en="First cause: {role} (party {party}): {why} [{cause}]",
        zh="首要原因：{role}（参与方 {party}）：{why} [{cause}]",
    ),
    "FW-SAY-578": Msg(
        en="Not reached: party {party}: {why} [{cause}]",
        zh="未能联系：参与方 {party}：{why} [{cause}]",
    ),
    "FW-SAY-579": Msg(
        en="Nothing else is in here: … stands for whatever is not on the list of what may leave.",
        zh="除此之外别无他物：凡不在允许清单上的内容均以 … 代替。",
    ),
    "FW-SAY-580": Msg(
        en="{file} ({kb} kB): look into it before you pass it on",
        zh="{file}（{kb} kB）：转交前请先查看",
    ),
    "FW-SAY-581": Msg(
        en="attempt {attempt} failed at {ended}: {message} ({again})",
        zh="第 {attempt} 次尝试于 {ended} 失败：{message}（{again}）",
    ),
    "FW-SAY-582": Msg(
        en="demos that had been killed: {count}; their agents are ended and their folders removed",
        zh="被强行终止的演示：{count} 个，其代理已结束，目录已删除",
    ),
    "FW-NEXT-563": Msg(en="Next: fedwarden demo", zh="下一步（Next:）：fedwarden demo"),
    "FW-NOTE-561": Msg(
        en="party {party} could not be asked: {why} [{cause}]",
        zh="无法询问参与方 {party}：{why} [{cause}]",
    ),
    "FW-NOTE-562": Msg(
        en="the clock of party {party} is {seconds} s off ours; its lines are placed accordingly",
        zh="参与方 {party} 的时钟与本机相差 {seconds} 秒，其日志已据此排列",
    ),
    "FW-NEXT-562": Msg(
        en="Next: fedwarden logs {job}",
        zh="下一步（Next:）：fedwarden logs {job}",
    ),
    "FW-STATE-571": Msg(
        en="{path} cannot be written: {why}",
        zh="无法写入 {path}：{why}",
        fix_en="Choose another place with --out.",
        fix_zh="请用 --out 指定其他位置。",
    ),
}

"""Jobs that are done, changes that are made twice, usage in two languages, metrics (770 … 799)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-JOB-770": Msg(
        en="the job {job} has succeeded at party {party} and its model is in use there: it is not run again",
        zh="任务 {job} 已在参与方 {party} 成功，其模型正在使用：不会再次运行",
        fix_en="Submit a new job; this one's model stays as it is.",
        fix_zh="请提交新任务；该任务的模型保持不变。",
    ),
    "FW-NOTE-770": Msg(
        en="the audit log of party {party}, which left, could not be had before its agent was removed.",
        zh="参与方 {party} 已退出，其代理被移除之前未能取得审计日志。",
    ),
    "FW-USE-770": Msg(
        en="fedwarden has no verb {found}",
        zh="fedwarden 没有命令 {found}",
        fix_en="fedwarden --help lists the verbs.",
        fix_zh="fedwarden --help 列出全部命令。",
        retcode=100,
    ),
    "FW-USE-771": Msg(
        en="there is no option {option} here",
        zh="此处没有选项 {option}",
        fix_en="Add --help to see how the command is written.",
        fix_zh="可加 --help 查看写法。",
        retcode=100,
    ),
    "FW-USE-772": Msg(
        en="{option} needs a value",
        zh="{option} 需要一个值",
        fix_en="Write it behind the option; --help shows how.",
        fix_zh="请写在该选项之后；--help 显示写法。",
        retcode=100,
    ),
    "FW-USE-773": Msg(
        en="{option} takes no value",
        zh="{option} 不带值",
        fix_en="Leave out what is behind the equals sign.",
        fix_zh="请去掉等号及其后的内容。",
        retcode=100,
    ),
    "FW-USE-774": Msg(
        en="{option} is missing",
        zh="缺少 {option}",
        fix_en="Add it; --help shows how the command is written.",
        fix_zh="请补上；--help 显示写法。",
        retcode=100,
    ),
    "FW-USE-775": Msg(
        en="there are more words than the command takes",
        zh="命令行的词过多",
        fix_en="Remove what is too much, or put quotes around a value that holds spaces; --help shows how.",
        fix_zh="请去掉多余的词；含空格的值请加引号；--help 显示写法。",
        retcode=100,
    ),
    "FW-USE-776": Msg(
        en="the value of {option} is of the wrong kind",
        zh="{option} 的值类型不对",
        fix_en="--help says what it takes, such as a whole number.",
        fix_zh="--help 说明可接受的值，例如整数。",
        retcode=100,
    ),
    "FW-USE-777": Msg(
        en="a verb is missing",
        zh="缺少命令",
        fix_en="--help lists the verbs.",
        fix_zh="--help 列出全部命令。",
        retcode=100,
    ),
    "FW-USE-778": Msg(
        en="there is no option {option} here; meant may be: {near}",
        zh="此处没有选项 {option}；可能是：{near}",
        fix_en="Add --help to see how the command is written.",
        fix_zh="可加 --help 查看写法。",
        retcode=100,
    ),
    "FW-SAY-770": Msg(
        en="nothing is deployed: there is nothing to remove.",
        zh="当前没有部署，无需删除。",
    ),
    "FW-SAY-771": Msg(
        en="{roles}: {notice}",
        zh="{roles}：{notice}",
    ),
    "FW-SAY-772": Msg(
        en="phases, links, options and what was revealed: fedwarden job show {job} --all",
        zh="各阶段、链路、选项及已公开内容：fedwarden job show {job} --all",
    ),
}

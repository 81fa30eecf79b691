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
}

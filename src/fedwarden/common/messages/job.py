"""Uploads, jobs, publishing and predicting, as the regulator sees them (FW-JOB below 060, FW-MODEL from 201)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-JOB-001": Msg(
        en="there is no job {job}",
        zh="任务 {job} 不存在",
        fix_en="fedwarden jobs lists them; a job id has 21 digits.",
        fix_zh="请用 fedwarden jobs 查看；任务编号为 21 位数字。",
    ),
    "FW-JOB-002": Msg(
        en="the project {project} has no upload in the current deployment",
        zh="当前部署中项目 {project} 尚未上传数据",
        fix_en="Upload first: python3 script.py -f upload -gp ID PATH -hp ID PATH -proj {project}, "
        "or fedwarden upload --project {project} --guest ID=PATH --host ID=PATH",
        fix_zh="请先上传：python3 script.py -f upload -gp 编号 路径 -hp 编号 路径 -proj {project}，"
        "或 fedwarden upload --project {project} --guest 编号=路径 --host 编号=路径",
    ),
    "FW-JOB-003": Msg(
        en="the job {job} has ended already ({state})",
        zh="任务 {job} 已结束（{state}）",
        fix_en="There is nothing to stop.",
        fix_zh="无需停止。",
    ),
    "FW-JOB-004": Msg(
        en="the deployment was deleted while the job was not finished",
        zh="任务未完成时部署已被删除",
        fix_en="Deploy, upload and submit again.",
        fix_zh="请重新部署、上传并提交。",
    ),
    "FW-JOB-005": Msg(
        en="submitting was interrupted before every party had the job",
        zh="提交中断，未能将任务送达所有参与方",
        fix_en="Submit it again.",
        fix_zh="请重新提交。",
    ),
    "FW-JOB-006": Msg(
        en="-m 0 needs every party on this machine; elsewhere: {parties}",
        zh="-m 0 要求所有参与方都在本机；不在本机的有：{parties}",
        fix_en="Use -m 1.",
        fix_zh="请使用 -m 1。",
    ),
    "FW-JOB-007": Msg(
        en="the job {job} did not end within {seconds} s; waiting for {waiting}",
        zh="任务 {job} 在 {seconds} 秒内未结束，仍在等待 {waiting}",
        fix_en="Look at it with: fedwarden job show {job}",
        fix_zh="请用 fedwarden job show {job} 查看。",
    ),
    "FW-JOB-008": Msg(
        en="{role} (party {party}) did not confirm the end of job {job}: {why}",
        zh="{role}（参与方 {party}）未确认任务 {job} 已停止：{why}",
        fix_en="Ask again with: fedwarden job stop {job}",
        fix_zh="请再次执行：fedwarden job stop {job}",
    ),
    "FW-MODEL-201": Msg(
        en="no model is bound to the name {name}",
        zh="名称 {name} 未绑定任何模型",
        fix_en="Bind one first: python3 script.py -f load_bind -mid MODEL_ID -mver MODEL_VERSION -mname {name}, "
        "or fedwarden publish MODEL_VERSION --name {name}",
        fix_zh="请先绑定：python3 script.py -f load_bind -mid 模型编号 -mver 模型版本 -mname {name}，"
        "或 fedwarden publish 模型版本 --name {name}",
        retcode=104,
    ),
    "FW-MODEL-202": Msg(
        en="the value for the guest's column {column} (number {place}) is no finite number",
        zh="标签方特征列 {column}（第 {place} 个）的取值不是有限数",
        fix_en="Give a number such as 0.5, -2. or 1e-5; inf and nan are refused.",
        fix_zh="请给出 0.5、-2.、1e-5 之类的数；不接受 inf 和 nan。",
        retcode=100,
    ),
    "FW-MODEL-203": Msg(
        en="{count} values for {need} guest columns; no value for {missing}",
        zh="标签方有 {need} 个特征列，只给出 {count} 个值；缺少 {missing}",
        fix_en="Give them in the order of the guest's table, without id and label: {columns}",
        fix_zh="请按标签方数据表的列顺序给出（不含编号和标签）：{columns}",
        retcode=100,
    ),
    "FW-MODEL-204": Msg(
        en="{count} values for {need} guest columns; {extra} too many after {last}",
        zh="标签方有 {need} 个特征列，却给出 {count} 个值；{last} 之后多出 {extra} 个",
        fix_en="Give them in the order of the guest's table, without id and label: {columns}",
        fix_zh="请按标签方数据表的列顺序给出（不含编号和标签）：{columns}",
        retcode=100,
    ),
    "FW-MODEL-205": Msg(
        en="neither the guest's features (-params) nor a sample id (-sid) is given",
        zh="未给出标签方特征（-params），也未给出样本编号（-sid）",
        fix_en="Give one of them, or both (fedwarden predict: --params, --sample-id).",
        fix_zh="请给出其一，也可同时给出（fedwarden predict 中为 --params、--sample-id）。",
        retcode=100,
    ),
    "FW-MODEL-206": Msg(
        en="the job {job} has not succeeded; it is {state}",
        zh="任务 {job} 尚未成功，当前状态为 {state}",
        fix_en="If it still runs, wait until every role says success (fedwarden jobs, or query). "
        "If it failed, fedwarden job show {job} says why, and fedwarden job resume {job} goes on with it.",
        fix_zh="若仍在运行，请等待各角色均为 success（fedwarden jobs 或 query）；"
        "若已失败，fedwarden job show {job} 给出原因，fedwarden job resume {job} 可继续。",
    ),
    "FW-MODEL-207": Msg(
        en="the job {job} is an example (a secure addition): it makes no model",
        zh="任务 {job} 是 example（安全加法），不产生模型",
        fix_en="Submit hetero_lr or hetero_linr and bind what that makes.",
        fix_zh="请提交 hetero_lr 或 hetero_linr，再绑定其模型。",
    ),
    "FW-MODEL-208": Msg(
        en="there is no model {model_id} of version {version}",
        zh="不存在编号为 {model_id}、版本为 {version} 的模型",
        fix_en="fedwarden models lists them; take model_id and model_version as submit printed them.",
        fix_zh="请用 fedwarden models 查看；请使用 submit 输出的 model_id 和 model_version。",
    ),
    "FW-MODEL-209": Msg(
        en="the model {version} went with its deployment",
        zh="模型 {version} 已随其部署一起删除",
        fix_en="Deploy, upload, submit and bind again.",
        fix_zh="请重新部署、上传、提交并绑定。",
    ),
    "FW-NOTE-020": Msg(
        en="the tables of project {project}'s upload of {when} are replaced.",
        zh="项目 {project} 于 {when} 上传的数据表已被替换。",
    ),
    "FW-NOTE-021": Msg(
        en="the hosts contribute their training means; give -sid to have a sample looked up.",
        zh="各特征方以训练均值参与计算；如需按样本查找，请给出 -sid。",
    ),
    "FW-NOTE-022": Msg(
        en="{name} was bound to version {version} ({model_id}) before.",
        zh="{name} 此前绑定的版本为 {version}（{model_id}）。",
    ),
    "FW-NOTE-023": Msg(
        en="guest and hosts are one organisation: the arbiter runs there too, and the protocol protects nothing.",
        zh="标签方与特征方为同一机构：仲裁方也在该机构运行，协议不提供任何保护。",
    ),
    "FW-NOTE-024": Msg(
        en="the state of {role} (party {party}) is the last one known: {why}",
        zh="{role}（参与方 {party}）显示的是最近一次已知状态：{why}",
    ),
    "FW-NOTE-025": Msg(
        en="the job failed: {why}",
        zh="任务失败：{why}",
    ),
    "FW-NOTE-026": Msg(
        en="min_intersection {found} is small: with so few common people a model tells much about each of them.",
        zh="min_intersection 为 {found}，偏小：共同样本过少时，模型会泄露其中个体的较多信息。",
    ),
}

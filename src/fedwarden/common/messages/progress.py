"""What the ``fedwarden`` command says while it works and what to do next."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-NEXT-001": Msg(
        en="Next: fedwarden upload --project NAME --guest ID=/path --host ID=/path",
        zh="下一步（Next:）：fedwarden upload --project 项目名 --guest 编号=/路径 --host 编号=/路径",
    ),
    "FW-NEXT-002": Msg(
        en="Next: fedwarden train --project {project}", zh="下一步（Next:）：fedwarden train --project {project}"
    ),
    "FW-NEXT-003": Msg(
        en="Next: fedwarden publish {job} --name NAME", zh="下一步（Next:）：fedwarden publish {job} --name 服务名"
    ),
    "FW-NEXT-004": Msg(en="Next: fedwarden job show {job}", zh="下一步（Next:）：fedwarden job show {job}"),
    "FW-NEXT-005": Msg(
        en="Next: fedwarden predict {name} --sample-id ID",
        zh="下一步（Next:）：fedwarden predict {name} --sample-id 样本编号",
    ),
    "FW-NEXT-006": Msg(en="Next: fedwarden models", zh="下一步（Next:）：fedwarden models"),
    "FW-NEXT-007": Msg(
        en="Next: fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1",
        zh="下一步（Next:）：fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1",
    ),
    "FW-NEXT-008": Msg(en="Next: fedwarden jobs", zh="下一步（Next:）：fedwarden jobs"),
    "FW-NEXT-009": Msg(en="Next: fedwarden logs {job}", zh="下一步（Next:）：fedwarden logs {job}"),
    "FW-NEXT-710": Msg(
        en="Next: fedwarden deploy -f {file} --plan", zh="下一步（Next:）：fedwarden deploy -f {file} --plan"
    ),
    "FW-NEXT-711": Msg(
        en="Next: fedwarden invite --party ID --at IP:PORT",
        zh="下一步（Next:）：fedwarden invite --party 编号 --at IP:端口",
    ),
    "FW-SAY-001": Msg(en="deployed: {deployed}", zh="已部署：{deployed}"),
    "FW-SAY-002": Msg(
        en="the secure addition between all of them gave the expected total", zh="各方之间的安全加法结果正确"
    ),
    "FW-SAY-003": Msg(
        en="registered: {role} (party {party}), {rows} rows, {features} features",
        zh="已登记：{role}（参与方 {party}），{rows} 行，{features} 个特征",
    ),
    "FW-SAY-004": Msg(en="job {job} was submitted", zh="任务 {job} 已提交"),
    "FW-SAY-005": Msg(en="job {job}: {state}", zh="任务 {job}：{state}"),
    "FW-SAY-006": Msg(
        en="you left; the job goes on. Stop it with: fedwarden job stop {job}",
        zh="已退出查看，任务继续运行。如需停止：fedwarden job stop {job}",
    ),
    "FW-SAY-007": Msg(en="{name} now answers with version {version}", zh="{name} 现由版本 {version} 提供预测"),
    "FW-SAY-008": Msg(en="deleted: {deployed}", zh="已删除：{deployed}"),
    "FW-SAY-009": Msg(en="all roles have confirmed that job {job} has ended", zh="各角色均已确认任务 {job} 已结束"),
    "FW-SAY-010": Msg(en="Stop the job too? [y/N]", zh="是否同时停止任务？[y/N]"),
    "FW-SAY-011": Msg(
        en="Delete the deployment of {deployed} with its agents, keys and models? [y/N]",
        zh="确定删除部署 {deployed} 及其代理、密钥和模型吗？[y/N]",
    ),
    "FW-SAY-710": Msg(
        en="good: nothing stands in the way of a deploy on these hosts ({hosts})",
        zh="良好：这些主机（共 {hosts} 台）均可部署",
    ),
    "FW-SAY-712": Msg(en="{role} (party {party}): {message}", zh="{role}（参与方 {party}）：{message}"),
    "FW-SAY-711": Msg(
        en="not good: mend the errors above, then look again", zh="不可部署：请先处理以上错误，再重新检查"
    ),
    "FW-SAY-012": Msg(en="there are none", zh="暂无"),
}

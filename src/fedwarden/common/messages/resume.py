"""Going on after a failure: resume, retries, checkpoints, disks that are full (500 … 519)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-ENG-500": Msg(
        en="what was kept of the job's earlier attempt does not belong to its plan (iteration {iteration})",
        zh="先前尝试保存的进度与任务计划不符（第 {iteration} 次迭代）",
        fix_en="The program or the table changed in between: submit the job anew.",
        fix_zh="期间程序或数据表已变化：请重新提交任务。",
    ),
    "FW-JOB-501": Msg(
        en="the job {job} cannot be resumed: it is {state}",
        zh="任务 {job} 无法续跑：当前状态为 {state}",
        fix_en="Only a failed job can be resumed; look at it with: fedwarden job show {job}",
        fix_zh="只有失败的任务可以续跑；请用 fedwarden job show {job} 查看。",
    ),
    "FW-JOB-502": Msg(
        en="{role} (party {party}) cannot write to {folder}: {why}",
        zh="{role}（参与方 {party}）无法写入 {folder}：{why}",
        fix_en="Make room there or mend its permissions; then go on with: fedwarden job resume ID",
        fix_zh="请释放空间或修复权限，然后执行：fedwarden job resume 任务编号",
    ),
    "FW-JOB-503": Msg(
        en="party {party} cannot resume the job {job}: a role of it has not ended there",
        zh="参与方 {party} 无法续跑任务 {job}：该方有角色尚未结束",
        fix_en="Stop it first: fedwarden job stop {job}",
        fix_zh="请先停止：fedwarden job stop {job}",
    ),
    "FW-JOB-504": Msg(
        en="party {party} knows attempt {known} of the job {job}; attempt {attempt} is not newer",
        zh="参与方 {party} 已有任务 {job} 的第 {known} 次尝试，第 {attempt} 次并不更新",
        fix_en="Ask again with: fedwarden job resume {job}",
        fix_zh="请再次执行：fedwarden job resume {job}",
    ),
    "FW-JOB-505": Msg(
        en="another role of the job failed first",
        zh="任务的其他角色先失败",
        fix_en="The job's cause says which one and why: fedwarden job show JOB",
        fix_zh="最初原因见：fedwarden job show 任务编号",
    ),
    "FW-NOTE-501": Msg(
        en="attempt {attempt} goes on in {phase} after iteration {iteration}.",
        zh="第 {attempt} 次尝试从 {phase} 阶段第 {iteration} 次迭代之后继续。",
    ),
    "FW-NOTE-502": Msg(
        en="attempt {attempt} began at the start: nothing was kept that all parties have.",
        zh="第 {attempt} 次尝试从头开始：各方没有共同保存的进度。",
    ),
    "FW-NOTE-503": Msg(
        en="the job {job} failed ({why}) and goes on by itself: attempt {attempt}.",
        zh="任务 {job} 失败（{why}），已自动续跑：第 {attempt} 次尝试。",
    ),
    "FW-NOTE-504": Msg(
        en="the job {job} failed and could not go on by itself yet: {why}",
        zh="任务 {job} 失败，暂时无法自动续跑：{why}",
    ),
    "FW-SAY-500": Msg(
        en="job {job} goes on: attempt {attempt}",
        zh="任务 {job} 继续运行：第 {attempt} 次尝试",
    ),
}

"""A party's agent: who may ask, what a request must be, starting, and its share of ending jobs (codes from 060)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-USE-060": Msg(
        en="the agent knows no route {route}",
        zh="代理没有接口 {route}",
        fix_en="Run the same version of fedwarden on both sides; GET /v1/openapi.json lists the routes.",
        fix_zh="请在两端运行相同版本的 fedwarden；GET /v1/openapi.json 可列出全部接口。",
    ),
    "FW-USE-061": Msg(
        en="{route} does not take {method}; it takes {allowed}",
        zh="{route} 不支持 {method}，仅支持 {allowed}",
        fix_en="Use one of these methods.",
        fix_zh="请改用上述方法。",
    ),
    "FW-USE-062": Msg(
        en="{found} is not a usable {what}",
        zh="{found} 不是有效的 {what}",
        fix_en="Correct it and ask again.",
        fix_zh="请更正后重试。",
    ),
    "FW-USE-063": Msg(
        en="the request to {route} is not what it should be: {why}",
        zh="对 {route} 的请求格式不正确：{why}",
        fix_en="Run the same version of fedwarden on both sides; GET /v1/openapi.json describes the bodies.",
        fix_zh="请在两端运行相同版本的 fedwarden；GET /v1/openapi.json 描述了请求体格式。",
    ),
    "FW-USE-064": Msg(
        en="the request is larger than {limit} bytes",
        zh="请求超过 {limit} 字节",
        fix_en="Send less at once.",
        fix_zh="请减小单次请求的大小。",
    ),
    "FW-USE-065": Msg(
        en="the request did not arrive whole within {seconds} s",
        zh="请求未能在 {seconds} 秒内完整到达",
        fix_en="Check the network and send it again.",
        fix_zh="请检查网络后重试。",
    ),
    "FW-ID-060": Msg(
        en="{who} may not ask {method} {route} of this agent",
        zh="{who} 无权对本代理调用 {method} {route}",
        fix_en="Only the regulator may ask that; use the regulator's certificate.",
        fix_zh="该接口仅限监管方调用，请使用监管方证书。",
    ),
    "FW-ID-061": Msg(
        en="party {party} is pinned here with the key {pinned} and now shows {found}; nothing was changed",
        zh="参与方 {party} 在此固定的密钥为 {pinned}，现在却出示 {found}；未作任何更改",
        fix_en="If its operator confirms a new key, delete this deployment and deploy again.",
        fix_zh="若对方运维人员确认已更换密钥，请删除该部署后重新部署。",
    ),
    "FW-ID-062": Msg(
        en="party {party} ({role}) is not pinned at this party",
        zh="参与方 {party}（{role}）未在本方固定密钥",
        fix_en="Deploy both parties together, then submit again.",
        fix_zh="请将两方一起部署后重新提交。",
    ),
    "FW-ID-063": Msg(
        en="the job names the key {found} for party {party} ({role}), but {pinned} is pinned here",
        zh="任务中参与方 {party}（{role}）的密钥为 {found}，而本方固定的是 {pinned}",
        fix_en="Deploy the parties again so that all sides pin the same keys; if nobody changed one, find out why.",
        fix_zh="请重新部署各方，使各端固定一致的密钥；若无人更换密钥，请查明原因。",
    ),
    "FW-DEP-061": Msg(
        en="the port {port} on {host} is taken",
        zh="{host} 的端口 {port} 已被占用",
        fix_en="End the program that listens there (ss -ltnp shows it); an agent keeps the ports it was deployed with.",
        fix_zh="请结束占用该端口的程序（可用 ss -ltnp 查看）；代理始终使用部署时的端口。",
    ),
    "FW-DEP-062": Msg(
        en="the agent cannot listen on {host}:{port}: {why}",
        zh="代理无法监听 {host}:{port}：{why}",
        fix_en="Give an address of this host.",
        fix_zh="请使用本机的地址。",
    ),
    "FW-DEP-063": Msg(
        en="an agent runs in {home} already (process {pid})",
        zh="{home} 中已有代理在运行（进程 {pid}）",
        fix_en="Use it, or end that process first.",
        fix_zh="请直接使用，或先结束该进程。",
    ),
    "FW-DEP-064": Msg(
        en="there is no agent's folder {home}",
        zh="代理目录 {home} 不存在",
        fix_en="Make it with: python -m fedwarden.party.init --home {home} --party ID",
        fix_zh="请先创建：python -m fedwarden.party.init --home {home} --party ID",
    ),
    "FW-JOB-060": Msg(
        en="the worker of {role} (party {party}) ended unexpectedly ({how})",
        zh="{role}（参与方 {party}）的工作进程意外退出（{how}）",
        fix_en="Signal 9 often means that the host ran out of memory (see dmesg there). Then let the job go on with: "
        "fedwarden job resume JOB",
        fix_zh="signal 9 通常表示主机内存不足（可在该主机查看 dmesg）。处理后可让任务继续："
        "fedwarden job resume 任务编号",
    ),
    "FW-JOB-061": Msg(
        en="the job's list of roles is not usable: {why}",
        zh="任务的角色列表不可用：{why}",
        fix_en="A job has one guest, one arbiter and hosts numbered from host1.",
        fix_zh="任务应有一个 guest、一个 arbiter，以及从 host1 起编号的 host。",
    ),
    "FW-JOB-062": Msg(
        en="party {party} has no role in this job",
        zh="参与方 {party} 在该任务中没有角色",
        fix_en="Send the job only to the parties that take part.",
        fix_zh="请只把任务发给参与的各方。",
    ),
    "FW-JOB-063": Msg(
        en="party {party} has another job with the id {job} already",
        zh="参与方 {party} 已有编号为 {job} 的另一个任务",
        fix_en="Submit again: every job gets an id of its own.",
        fix_zh="请重新提交：每个任务有独立的编号。",
    ),
    "FW-JOB-064": Msg(
        en="{limit} jobs run or wait at party {party} already",
        zh="参与方 {party} 已有 {limit} 个任务在运行或等待",
        fix_en="Wait for some to end, or stop them.",
        fix_zh="请等待部分任务结束，或停止它们。",
    ),
    "FW-JOB-065": Msg(
        en="the job names no table for {role} (party {party})",
        zh="任务没有指定 {role}（参与方 {party}）的数据表",
        fix_en="Upload the project's tables, then submit again.",
        fix_zh="请先上传项目的数据表，再重新提交。",
    ),
    "FW-JOB-066": Msg(
        en="party {party} knows no job {job}",
        zh="参与方 {party} 没有任务 {job}",
        fix_en="Look at the jobs with: fedwarden jobs",
        fix_zh="请用 fedwarden jobs 查看任务。",
    ),
    "FW-JOB-067": Msg(
        en="the worker of {role} cannot be started: {why}",
        zh="无法启动 {role} 的工作进程：{why}",
        fix_en="Look at that host's memory and process limits, then submit again.",
        fix_zh="请检查该主机的内存和进程数限制后重新提交。",
    ),
    "FW-JOB-068": Msg(
        en="the agent of party {party} died while the job ran or waited",
        zh="任务运行或等待期间，参与方 {party} 的代理异常退出",
        fix_en="The agent runs again; go on with: fedwarden job resume ID.",
        fix_zh="代理已重新运行；可用 fedwarden job resume 编号 继续该任务。",
    ),
    "FW-JOB-069": Msg(
        en="the agent of party {party} was stopped",
        zh="参与方 {party} 的代理已停止",
        fix_en="Start it again (deploying the same parties does), then: fedwarden job resume ID",
        fix_zh="请重新启动代理（以相同参与方再次部署即可），然后执行：fedwarden job resume 任务编号",
    ),
}

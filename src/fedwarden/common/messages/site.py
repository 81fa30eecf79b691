"""The file fedwarden.yaml, plans, and what a deployment changes step by step."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-USE-440": Msg(
        en="the file {path} cannot be read: {why}",
        zh="无法读取文件 {path}：{why}",
        fix_en="Write one with: fedwarden init",
        fix_zh="可用 fedwarden init 生成。",
    ),
    "FW-USE-441": Msg(
        en="{path}, line {line}: {why}",
        zh="{path} 第 {line} 行：{why}",
        fix_en="It is YAML, `name: value` on each line; fedwarden init shows every field.",
        fix_zh="文件应为 YAML，每行“名称: 值”；fedwarden init 可列出全部字段。",
    ),
    "FW-USE-442": Msg(
        en="{path}: there is no field {key}; nearest: {nearest}",
        zh="{path}：没有字段 {key}；最接近的是 {nearest}",
        fix_en="Known there: {known}.",
        fix_zh="此处可用字段：{known}。",
    ),
    "FW-USE-443": Msg(
        en="{path}: {key} cannot be used: {why}",
        zh="{path}：{key} 的取值不可用：{why}",
        fix_en="docs/fedwarden-yaml.md has every field with its meaning; so does the file that fedwarden init writes.",
        fix_zh="各字段含义见 docs/fedwarden-yaml.zh.md 或 fedwarden init 生成的文件。",
    ),
    "FW-USE-444": Msg(
        en="{path} is there already; nothing was written",
        zh="{path} 已存在，未写入任何内容",
        fix_en="Give another name, or --force to replace it.",
        fix_zh="请改用其他文件名，或加 --force 覆盖。",
    ),
    "FW-USE-445": Msg(
        en="deploy needs either --party ID=IP for every party or a file (-f)",
        zh="deploy 需要为每个参与方给出 --party 编号=IP，或用 -f 指定文件，二者择一",
        fix_en="fedwarden init writes such a file.",
        fix_zh="可用 fedwarden init 生成文件。",
    ),
    "FW-USE-710": Msg(
        en="{verb} needs exactly one of: {options}",
        zh="{verb} 需要且只能给出其中一项：{options}",
        fix_en="fedwarden {verb} --help shows how it is written.",
        fix_zh="写法见 fedwarden {verb} --help。",
    ),
    "FW-USE-446": Msg(
        en="doctor needs either hosts or a file (-f)",
        zh="doctor 需要给出主机，或用 -f 指定文件，二者择一",
        fix_en="For example: fedwarden doctor 192.0.2.11 192.0.2.12, or fedwarden doctor -f fedwarden.yaml",
        fix_zh="例如 fedwarden doctor 192.0.2.11 192.0.2.12，或 fedwarden doctor -f fedwarden.yaml",
    ),
    "FW-SSH-440": Msg(
        en="the password of {host} should be in the environment variable {name}, which is not set",
        zh="{host} 的密码应取自环境变量 {name}，但该变量未设置",
        fix_en="Set it for this command, or change password_from in the file.",
        fix_zh="请为本命令设置该变量，或修改文件中的 password_from。",
    ),
    "FW-SSH-441": Msg(
        en="the password of {host} should be asked for, but there is no terminal",
        zh="{host} 的密码需要询问输入，但当前没有终端",
        fix_en="Run it in a terminal, or give `--password -` and one line per host on standard input.",
        fix_zh="请在终端中运行，或用 `--password -` 从标准输入逐行提供密码。",
    ),
    "FW-SSH-443": Msg(
        en="{host} has no Python that fits; the one kept for {arch} comes along with the bundle",
        zh="{host} 没有合适的 Python，将随包携带为 {arch} 保存的解释器",
    ),
    "FW-DEP-440": Msg(
        en="the deployment {name} runs on the engine {found} and cannot change to {wanted}",
        zh="部署 {name} 使用引擎 {found}，不能改为 {wanted}",
        fix_en="Give the new one another name under `deployment`, or destroy this one first.",
        fix_zh="请在 deployment 中改用其他名称，或先删除该部署。",
    ),
    "FW-DEP-441": Msg(
        en="party {party} is no longer part of this deployment",
        zh="参与方 {party} 已不在该部署中",
        fix_en="What needs it is gone with it; put it back into the file and deploy, then upload and train anew.",
        fix_zh="依赖该参与方的内容已随之删除；可将其写回文件并重新部署、登记数据和训练。",
    ),
    "FW-DEP-442": Msg(
        en="agents that have to be started anew are busy with {jobs}",
        zh="需要重新启动的代理正在执行任务 {jobs}",
        fix_en="Wait for these jobs (fedwarden jobs), or end them (fedwarden job stop JOB), then deploy again.",
        fix_zh="请等待任务结束（fedwarden jobs）或将其停止（fedwarden job stop 任务编号），然后重新部署。",
    ),
    "FW-DEP-443": Msg(
        en="the folder of party {party} cannot be removed: {home}",
        zh="无法删除参与方 {party} 的目录：{home}",
        fix_en="Look at its permissions and at who uses it, then run the same command again.",
        fix_zh="请检查该目录的权限和占用情况，然后重新执行同一命令。",
    ),
    "FW-DEP-740": Msg(
        en="party {party} is to join by its own hand and has no invitation that can still be used",
        zh="参与方 {party} 应自行加入，但没有可用的邀请",
        fix_en="Make one: fedwarden invite --party {party} --at ADDRESS:PORT, and let fedwarden enrol listen there; "
        "its operator then runs fedwarden party join.",
        fix_zh="请执行 fedwarden invite --party {party} --at 地址:端口，并在该地址运行 fedwarden enrol；然后由该方执行 "
        "fedwarden party join。",
    ),
    "FW-DEP-741": Msg(
        en="party {party} is invited ({id}, until {expires}) and has not joined yet",
        zh="参与方 {party} 已被邀请（{id}，有效至 {expires}），但尚未加入",
        fix_en="Its operator runs fedwarden party join with the invitation while fedwarden enrol listens here.",
        fix_zh="请在此处运行 fedwarden enrol，并由该方用该邀请执行 fedwarden party join。",
    ),
    "FW-DEP-742": Msg(
        en="party {party} asks to join ({id}) and its key is not approved yet",
        zh="参与方 {party} 正在申请加入（{id}），其密钥尚未批准",
        fix_en="Compare the fingerprint with its operator (fedwarden invitations shows it), then: "
        "fedwarden approve {id} --fingerprint FINGERPRINT",
        fix_zh="请与该方操作员核对指纹（可用 fedwarden invitations 查看），然后执行 "
        "fedwarden approve {id} --fingerprint 指纹",
    ),
    "FW-DEP-743": Msg(
        en="the key of party {party} is approved ({id}), but its agent has not arrived yet",
        zh="参与方 {party} 的密钥已批准（{id}），但其代理尚未到达",
        fix_en="Its operator repeats the same fedwarden party join while fedwarden enrol listens here.",
        fix_zh="请在此处运行 fedwarden enrol，并由该方重复执行同一 fedwarden party join。",
    ),
    "FW-DEP-744": Msg(
        en="the agent that party {party} runs itself cannot be asked at {place}: {why}",
        zh="无法访问参与方 {party} 自行运行的代理（{place}）：{why}",
        fix_en="Its operator: fedwarden party status there, and fedwarden party start where it does not run.",
        fix_zh="请由该方在其主机上执行 fedwarden party status；若未运行，则执行 fedwarden party start。",
    ),
    "FW-DEP-745": Msg(
        en="the agent that party {party} runs itself is of version {found}, this regulator of {own}",
        zh="参与方 {party} 自行运行的代理版本为 {found}，监管方为 {own}",
        fix_en="Its operator installs the same version, then: fedwarden party stop, fedwarden party start",
        fix_zh="请由该方安装相同版本，然后执行 fedwarden party stop 和 fedwarden party start",
    ),
    "FW-DEP-746": Msg(
        en="party {party} joined from {found}, and the file says {wanted}",
        zh="参与方 {party} 从 {found} 加入，而文件中写的是 {wanted}",
        fix_en="Correct `host` or leave it out; or the party leaves and joins again with --advertise {wanted}.",
        fix_zh="请更正或删去 host；或由该方退出后以 --advertise {wanted} 重新加入。",
    ),
    "FW-DEP-747": Msg(
        en="party {party} has joined by its own hand, and is not the regulator's to deploy",
        zh="参与方 {party} 已自行加入，不能由监管方部署",
        fix_en="Write `join: true` for it (words: {party}=joined), or let it leave first: fedwarden party leave there.",
        fix_zh="请为其写 join: true（命令行：{party}=joined），或先由该方执行 fedwarden party leave。",
    ),
    "FW-JOB-440": Msg(
        en="these agents run another version than this regulator ({own}): {parties}",
        zh="以下参与方的代理版本与监管方（{own}）不同：{parties}",
        fix_en="Deploy again: it moves them to this version and keeps data, models and bindings.",
        fix_zh="重新执行部署即可升级到该版本，数据登记、模型和绑定均保留。",
    ),
    "FW-NOTE-440": Msg(
        en="what this run had done was taken back: {hosts}",
        zh="本次操作已全部回退：{hosts}",
    ),
    "FW-NOTE-441": Msg(
        en="the agents of {parties} run another release ({found}) than this regulator ({own})",
        zh="参与方 {parties} 的代理版本（{found}）与监管方（{own}）不同",
        fix_en="Deploy again: it moves them to this one and keeps data, models and bindings. One that its own "
        "party runs is that party's to upgrade.",
        fix_zh="重新执行部署即可升级，数据登记、模型和绑定均保留。由参与方自行运行的代理由该方自行升级。",
    ),
    "FW-NOTE-442": Msg(
        en="{host} still has the agent of party {party}: {why}",
        zh="{host} 上仍有参与方 {party} 的代理：{why}",
        fix_en="Repeat the command when that host answers: it finishes what is left.",
        fix_zh="待该主机恢复后重复该命令，即可完成剩余清理。",
    ),
    "FW-NOTE-443": Msg(
        en="models and uploads of {parties} went with them: {models}",
        zh="参与方 {parties} 的数据登记和模型已随之删除：{models}",
    ),
    "FW-NOTE-740": Msg(
        en="the secure addition that ends a deploy was left out: {why}",
        zh="部署末尾的安全求和已略去：{why}",
        fix_en="The party's own policy decides that; jobs that it allows are not hindered.",
        fix_zh="这由该方自己的策略决定；策略允许的任务不受影响。",
    ),
    "FW-NEXT-440": Msg(
        en="Next: fill in the parties, then fedwarden deploy -f {path} --plan",
        zh="下一步（Next:）：填写各参与方，然后执行 fedwarden deploy -f {path} --plan",
    ),
    "FW-NEXT-441": Msg(
        en="Next: the same without --plan does exactly this",
        zh="下一步（Next:）：去掉 --plan 即照此执行",
    ),
    "FW-SAY-440": Msg(en="written: {path}", zh="已写入：{path}"),
    "FW-SAY-441": Msg(en="nothing would change", zh="没有需要变更的内容"),
}

"""Deploying and deleting, as the regulator sees them (codes below 060), and notices about them."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-DEP-001": Msg(
        en="nothing is deployed",
        zh="尚未部署",
        fix_en="Deploy first: python3 script.py -f deploy -id 1 2 -ip 127.0.0.1 127.0.0.1, "
        "or fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1",
        fix_zh="请先部署：python3 script.py -f deploy -id 1 2 -ip 127.0.0.1 127.0.0.1，"
        "或 fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1",
    ),
    "FW-DEP-002": Msg(
        en="party {party} is deployed already, in the deployment of {deployed}",
        zh="参与方 {party} 已部署，属于部署 {deployed}",
        fix_en="Take another id, or delete that deployment first.",
        fix_zh="请改用其他编号，或先删除该部署。",
    ),
    "FW-DEP-003": Msg(
        en="{ip} (party {party}) is another host, and there is nothing to log in with",
        zh="{ip}（参与方 {party}）是另一台主机，但没有可用的登录方式",
        fix_en="Give root's passwords (`-pw -`: on standard input), a key file in FEDWARDEN_SSH_KEY, or an SSH agent.",
        fix_zh="请用 `-pw -` 从标准输入提供 root 密码，或用 FEDWARDEN_SSH_KEY 指定密钥文件，或使用 SSH agent。",
    ),
    "FW-DEP-004": Msg(
        en="party {party} is not part of the current deployment",
        zh="参与方 {party} 不在当前部署中",
        fix_en="Deployed now: {deployed}. Deploy it first, or use one of these.",
        fix_zh="当前已部署：{deployed}。请先部署，或改用上述参与方。",
    ),
    "FW-DEP-005": Msg(
        en="these ids and addresses are not exactly one deployment; deployed: {deployed}",
        zh="所给编号和地址与任何一个部署都不完全一致；当前已部署：{deployed}",
        fix_en="Give all ids and addresses of one deployment, in any order.",
        fix_zh="请给出某一个部署的全部编号和地址，顺序不限。",
    ),
    "FW-DEP-006": Msg(
        en="the agent of party {party} ended while it started: {why}",
        zh="参与方 {party} 的代理启动时退出：{why}",
        fix_en="Mend that cause, then run the same command again.",
        fix_zh="请排除该原因后重新执行同一命令。",
    ),
    "FW-DEP-007": Msg(
        en="the agent of party {party} was not ready within {seconds} s",
        zh="参与方 {party} 的代理在 {seconds} 秒内未就绪",
        fix_en="Look at this machine's load and memory, then run the same command again.",
        fix_zh="请检查本机负载和内存，然后重新执行同一命令。",
    ),
    "FW-DEP-008": Msg(
        en="the key of party {party} could not be made: {why}",
        zh="无法生成参与方 {party} 的密钥：{why}",
        fix_en="Check the free space and the permissions of {folder}.",
        fix_zh="请检查 {folder} 的剩余空间和权限。",
    ),
    "FW-DEP-009": Msg(
        en="the secure addition between the new agents did not end within {seconds} s; waiting for {waiting}",
        zh="新代理之间的安全加法在 {seconds} 秒内未完成，仍在等待 {waiting}",
        fix_en="Look at this machine's load and memory, then deploy again.",
        fix_zh="请检查本机负载和内存，然后重新部署。",
    ),
    "FW-DEP-010": Msg(
        en="the secure addition between the new agents failed: {why}",
        zh="新代理之间的安全加法失败：{why}",
        fix_en="Nothing was left running; mend that cause and deploy again.",
        fix_zh="已全部回退；请排除该原因后重新部署。",
    ),
    "FW-DEP-011": Msg(
        en="processes of party {party} do not end: {pids}",
        zh="参与方 {party} 的进程无法结束：{pids}",
        fix_en="End them by hand (they may hang in the disk), then run the same command again.",
        fix_zh="请手动结束这些进程（可能卡在磁盘读写），然后重新执行同一命令。",
    ),
    "FW-DEP-012": Msg(
        en="the command was interrupted",
        zh="命令被中断",
        fix_en="Run it again; what it had begun is taken back.",
        fix_zh="请重新执行；未完成的操作已回退。",
    ),
    "FW-DEP-013": Msg(
        en="the folder {path} cannot be used: {why}",
        zh="目录 {path} 不可用：{why}",
        fix_en="Set FEDWARDEN_HOME to a folder that belongs to you, on a disk with free space.",
        fix_zh="请将 FEDWARDEN_HOME 设为属于当前用户且有剩余空间的目录。",
    ),
    "FW-STATE-010": Msg(
        en="the store {path} was written by a newer version of fedwarden ({found})",
        zh="状态库 {path} 由更新版本的 fedwarden 写入（{found}）",
        fix_en="Use that version or a later one; nothing was changed.",
        fix_zh="请使用该版本或更高版本；未作任何更改。",
    ),
    "FW-STATE-011": Msg(
        en="the store {path} cannot be used: {why}",
        zh="状态库 {path} 不可用：{why}",
        fix_en="Check free space and permissions; if the file is damaged, restore it from a backup.",
        fix_zh="请检查剩余空间和权限；若文件损坏，请从备份恢复。",
    ),
    "FW-NOTE-001": Msg(
        en="the agents of {parties} were not running and have been started again.",
        zh="参与方 {parties} 的代理未在运行，已重新启动。",
    ),
    "FW-NOTE-002": Msg(
        en="these parties are deployed already; nothing was changed.",
        zh="这些参与方已部署，未作任何更改。",
    ),
    "FW-NOTE-003": Msg(
        en="this is the current deployment now; deployed before and still running: {deployed}.",
        zh="当前部署已切换至此；此前的部署仍在运行：{deployed}。",
    ),
    "FW-NOTE-004": Msg(
        en="the current deployment is now {deployed}.",
        zh="当前部署现为 {deployed}。",
    ),
    "FW-NOTE-005": Msg(
        en="a command that was ended before its time has been taken back: deployment of {deployed}.",
        zh="已回退此前中途终止的操作：部署 {deployed}。",
    ),
    "FW-NOTE-008": Msg(
        en="the job failed: {why} ({cause}). {fix}",
        zh="任务失败：{why}（{cause}）。{fix}",
    ),
    "FW-NOTE-009": Msg(
        en="job {job} was still running and has been ended as failed.",
        zh="任务 {job} 仍在运行，已作为失败结束。",
    ),
    "FW-NOTE-007": Msg(
        en="the ports of the agents of {parties} were taken by other programs; they listen on new ones.",
        zh="参与方 {parties} 的代理端口已被其他程序占用，现改用新端口。",
    ),
    "FW-NOTE-006": Msg(
        en="passwords are not needed for parties on this machine; they were not used or kept.",
        zh="本机参与方无需密码；所给密码未被使用或保存。",
    ),
    "FW-DEP-480": Msg(
        en="party {party}: {key} is no address[:port]: {found}",
        zh="参与方 {party}：{key} 不是 地址[:端口]：{found}",
        fix_en="Write an IPv4 address or a host name, with a port where it differs, e.g. 203.0.113.5:19470.",
        fix_zh="请写 IPv4 地址或主机名，端口不同时加上端口，例如 203.0.113.5:19470。",
    ),
}

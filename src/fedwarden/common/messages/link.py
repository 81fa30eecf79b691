"""Connections: to agents, and between the roles of a job."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-LINK-001": Msg(
        en="the agent of party {party} is not running: nothing listens at {address}",
        zh="参与方 {party} 的代理未运行：{address} 无监听",
        fix_en="Start it (deploying the same parties again starts dead local agents).",
        fix_zh="请启动该代理（以相同参与方再次部署即可重启本机已停止的代理）。",
        retcode=105,
    ),
    "FW-LINK-002": Msg(
        en="the agent of party {party} at {address} did not answer within {seconds} s",
        zh="参与方 {party} 的代理 {address} 在 {seconds} 秒内未应答",
        fix_en="Look into its agent.log and at the load of its host, then try again.",
        fix_zh="请查看其 agent.log 与主机负载，然后重试。",
        retcode=105,
    ),
    "FW-LINK-003": Msg(
        en="the agent of party {party} at {address} cannot be reached: {why}",
        zh="无法连接参与方 {party} 的代理 {address}：{why}",
        fix_en="Check the network, the firewall and whether the agent runs.",
        fix_zh="请检查网络、防火墙以及代理是否在运行。",
        retcode=105,
    ),
    "FW-LINK-004": Msg(
        en="the answer of party {party} at {address} is larger than {limit} bytes",
        zh="参与方 {party}（{address}）的应答超过 {limit} 字节",
        fix_en="Check that both sides run the same version.",
        fix_zh="请确认两端版本一致。",
    ),
    "FW-LINK-005": Msg(
        en="the answer of party {party} at {address} is not an agent's: {why}",
        zh="参与方 {party}（{address}）的应答不是代理应答：{why}",
        fix_en="Check the port, and that both sides run the same version.",
        fix_zh="请检查端口，并确认两端版本一致。",
    ),
    "FW-LINK-010": Msg(
        en="the connection to {role} (party {party}) broke: {why}",
        zh="与 {role}（参与方 {party}）的连接中断：{why}",
        fix_en="Look into that party's job log and agent.log for why its worker ended, then submit again.",
        fix_zh="请查看该参与方的任务日志与 agent.log，确认其工作进程退出的原因，然后重新提交。",
    ),
    "FW-LINK-011": Msg(
        en="nothing was heard of {role} (party {party}) for {seconds} s",
        zh="已有 {seconds} 秒未收到 {role}（参与方 {party}）的任何消息",
        fix_en="Check that host and its network; raise link_timeout if the network stalls for longer than that.",
        fix_zh="请检查该主机及其网络；若网络确会停顿更久，可调大 link_timeout。",
    ),
    "FW-LINK-012": Msg(
        en="{role} (party {party}) sent something that is not understood: {why}",
        zh="{role}（参与方 {party}）发来无法识别的数据：{why}",
        fix_en="Deploy the same version of fedwarden at every party.",
        fix_zh="请在所有参与方部署相同版本的 fedwarden。",
    ),
    "FW-LINK-013": Msg(
        en="{role} (party {party}) is out of step: {expected} was due, {found} came",
        zh="{role}（参与方 {party}）步骤不一致：应收到 {expected}，实际收到 {found}",
        fix_en="Deploy the same version of fedwarden at every party.",
        fix_zh="请在所有参与方部署相同版本的 fedwarden。",
    ),
    "FW-LINK-014": Msg(
        en="{role} (party {party}) sent {size} bytes for {tag} where {limit} are allowed",
        zh="{role}（参与方 {party}）的消息 {tag} 为 {size} 字节，超过允许的 {limit} 字节",
        fix_en="Check that all parties run the same version and the same job.",
        fix_zh="请确认各方版本一致且执行的是同一任务。",
    ),
    "FW-LINK-015": Msg(
        en="{role} (party {party}) has ended its work; {tag} can no longer be exchanged",
        zh="{role}（参与方 {party}）已结束，无法再收发 {tag}",
        fix_en="Look into that party's job log, then submit again.",
        fix_zh="请查看该参与方的任务日志，然后重新提交。",
    ),
    "FW-LINK-016": Msg(
        en="{role} (party {party}) did not send {tag} within {seconds} s",
        zh="{role}（参与方 {party}）在 {seconds} 秒内未发来 {tag}",
        fix_en="Look into that party's job log and at the load of its host, then submit again.",
        fix_zh="请查看该参与方的任务日志与主机负载，然后重新提交。",
    ),
    "FW-LINK-017": Msg(
        en="{role} (party {party}) took no data for {seconds} s; {tag} is still to be sent",
        zh="{role}（参与方 {party}）已有 {seconds} 秒未接收数据，{tag} 仍待发送",
        fix_en="Look into that party's job log and at the load of its host, then submit again.",
        fix_zh="请查看该参与方的任务日志与主机负载，然后重新提交。",
    ),
    "FW-LINK-020": Msg(
        en="no connection with {missing} within {seconds} s; {role} (party {party}): dialled from here at {address}: "
        "{out}; dialled from there: {back}",
        zh="{seconds} 秒内未能与 {missing} 建立连接；{role}（参与方 {party}）：本端拨向 {address}：{out}；"
        "对端拨入：{back}",
        fix_en="Check that every agent of the job runs and that of each pair of parties at least one reaches the "
        "other's data port; parties that can both only dial out need the relay (relay: true).",
        fix_zh="请确认任务涉及的所有代理均在运行，且每两方之间至少有一方能访问对方的数据端口；"
        "若双方都只能向外拨号，请启用中继（relay: true）。",
    ),
    "FW-LINK-021": Msg(
        en="{role} (party {party}) runs fedwarden {found}, this side {expected}",
        zh="{role}（参与方 {party}）运行的 fedwarden 为 {found}，本端为 {expected}",
        fix_en="Deploy the same version at every party.",
        fix_zh="请在所有参与方部署相同版本。",
    ),
    "FW-LINK-022": Msg(
        en="{role} (party {party}) holds another text of this job ({found}, here {expected})",
        zh="{role}（参与方 {party}）持有的任务内容不同（{found}，本端 {expected}）",
        fix_en="Submit the job again; if it happens again, somebody alters jobs on their way.",
        fix_zh="请重新提交任务；若再次出现，说明任务在传送途中被改动。",
    ),
    "FW-LINK-023": Msg(
        en="{role} (party {party}) came as {found} where {expected} was expected",
        zh="{role}（参与方 {party}）以 {found} 身份接入，而预期为 {expected}",
        fix_en="Check the addresses and data ports of the parties, then submit again.",
        fix_zh="请检查各方地址与数据端口，然后重新提交。",
    ),
    "FW-LINK-480": Msg(
        en="no connection with {missing} within {seconds} s; {role} (party {party}): dialled from here at {address}: "
        "{out}; dialled from there: {back}; at the relay: {relay}",
        zh="{seconds} 秒内未能与 {missing} 建立连接；{role}（参与方 {party}）：本端拨向 {address}：{out}；"
        "对端拨入：{back}；经中继：{relay}",
        fix_en="Check that every agent of the job runs and that both parties reach the regulator's relay port.",
        fix_zh="请确认任务涉及的所有代理均在运行，且双方都能访问监管方的中继端口。",
    ),
    "FW-LINK-481": Msg(
        en="party {party} cannot be reached through the regulator's relay at {address}: {why}",
        zh="无法经监管方中继 {address} 连接参与方 {party}：{why}",
        fix_en="Check that the relay runs beside the arbiter's agent and that both parties reach its port.",
        fix_zh="请确认中继在仲裁方代理旁运行，且双方都能访问其端口。",
        retcode=105,
    ),
}

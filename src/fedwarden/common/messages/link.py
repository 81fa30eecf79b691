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
}

"""The fate engine: FATE-Flow and FATE-Serving (codes 600 to 649)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-DEP-600": Msg(
        en="the clusters of this deployment were attached, not deployed: they are not ours to {what}",
        zh="该部署的集群是接入的，并非由本程序部署，不能对其执行 {what}",
        fix_en="fedwarden detach forgets them and leaves them running.",
        fix_zh="fedwarden detach 仅解除登记，集群继续运行。",
    ),
    "FW-DEP-601": Msg(
        en="FATE {found} is not a version this program speaks to",
        zh="不支持 FATE {found}",
        fix_en="It speaks to {known} and versions of the same families.",
        fix_zh="支持 {known} 及同系列版本。",
    ),
    "FW-USE-600": Msg(
        en="{option} {found} is no address",
        zh="{option} 的取值 {found} 不是有效地址",
        fix_en="Write it as http://HOST:PORT, such as http://10.0.0.5:9380.",
        fix_zh="请写成 http://主机:端口，例如 http://10.0.0.5:9380。",
    ),
    "FW-LINK-600": Msg(
        en="{what} of party {party} at {address} does not answer: {why}",
        zh="参与方 {party} 的 {what}（{address}）无应答：{why}",
        fix_en="Look whether it runs there and whether this machine may reach that port.",
        fix_zh="请检查该处服务是否在运行，以及本机能否访问该端口。",
        retcode=105,
    ),
    "FW-LINK-601": Msg(
        en="{what} of party {party} at {address} gave no usable answer for {path}: {found}",
        zh="参与方 {party} 的 {what}（{address}）对 {path} 的应答无法识别：{found}",
        fix_en="Look whether another program listens at that address.",
        fix_zh="请检查该地址上是否为其他程序。",
        retcode=105,
    ),
}

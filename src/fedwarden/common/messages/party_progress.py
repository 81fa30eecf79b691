"""What the verbs about membership, certificates and a party's own agent say (codes 520 to 559)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-SAY-520": Msg(
        en="invitation of party {party}, good until {expires}; it works once: hand it over in private",
        zh="参与方 {party} 的邀请，有效期至 {expires}；持有者可申请一次，请通过保密渠道转交",
    ),
    "FW-SAY-521": Msg(
        en="listening at {address} for {duration}; Ctrl-C ends it",
        zh="正在 {address} 监听，时长 {duration}；按 Ctrl-C 结束",
    ),
    "FW-SAY-522": Msg(
        en="refused: party {party} from {address}: {why}",
        zh="已拒绝：参与方 {party}（来自 {address}）：{why}",
    ),
    "FW-SAY-523": Msg(
        en="party {party} has joined; deployment: {deployment}",
        zh="参与方 {party} 已加入；部署：{deployment}",
    ),
    "FW-SAY-524": Msg(
        en="party {party} has left",
        zh="参与方 {party} 已退出",
    ),
    "FW-SAY-525": Msg(
        en="party {party} has made its key here. Request {id} waits; tell the regulator its fingerprint: {fingerprint}",
        zh="参与方 {party} 的密钥已在本机生成，申请 {id} 等待批准；请将指纹告知监管方：{fingerprint}",
    ),
    "FW-SAY-526": Msg(
        en="approved; the agent of party {party} listens (control port {control}, data port {data})",
        zh="已批准；参与方 {party} 的代理已启动（控制端口 {control}，数据端口 {data}）",
    ),
    "FW-SAY-527": Msg(
        en="party {party} is part of the deployment {deployment}",
        zh="参与方 {party} 已加入部署 {deployment}",
    ),
    "FW-SAY-528": Msg(
        en="party {party} has joined; there is no deployment yet: the regulator's next one that names it (join: true) "
        "has it, or repeat this command once there is one",
        zh="参与方 {party} 已加入；目前尚无部署：监管方下次部署中写明该方（join: true）即包含它，或在部署后重复此命令",
    ),
    "FW-SAY-529": Msg(
        en="pinned: party {party}, key {fingerprint}",
        zh="已固定：参与方 {party}，密钥 {fingerprint}",
    ),
    "FW-SAY-530": Msg(
        en="party {party} has left: agent stopped, keys and models removed; source tables were not touched",
        zh="参与方 {party} 已退出：代理已停止，密钥与模型已删除；源数据表未改动",
    ),
    "FW-SAY-531": Msg(
        en="what stays in {home}: {files}",
        zh="{home} 中保留：{files}",
    ),
    "FW-SAY-532": Msg(
        en="Leave the federation and remove the keys and models in {home}? [y/N]",
        zh="确定退出联邦并删除 {home} 中的密钥和模型吗？[y/N]",
    ),
    "FW-SAY-533": Msg(
        en="the agent of party {party} runs (process {pid}, control port {control_port})",
        zh="参与方 {party} 的代理正在运行（进程 {pid}，控制端口 {control_port}）",
    ),
    "FW-SAY-534": Msg(
        en="the agent of party {party} has stopped",
        zh="参与方 {party} 的代理已停止",
    ),
    "FW-SAY-535": Msg(
        en="confirmed: party {party}, key {fingerprint}",
        zh="已确认：参与方 {party}，密钥 {fingerprint}",
    ),
    "FW-SAY-536": Msg(
        en="token {id} for {services}, good until {expires}, shown this once: {token}",
        zh="令牌 {id}，可用于 {services}，有效期至 {expires}，仅显示一次：{token}",
    ),
    "FW-SAY-537": Msg(
        en="token {id} is revoked",
        zh="令牌 {id} 已吊销",
    ),
    "FW-SAY-538": Msg(
        en="approved: party {party}, key {fingerprint}",
        zh="已批准：参与方 {party}，密钥 {fingerprint}",
    ),
    "FW-SAY-539": Msg(
        en="{who} has a new key: {fingerprint}",
        zh="{who} 已启用新密钥：{fingerprint}",
    ),
    "FW-SAY-540": Msg(
        en="party {party} asks to join (request {id}) with the key {fingerprint}; compare it with its operator",
        zh="参与方 {party} 申请加入（{id}），密钥为 {fingerprint}；请与其运维人员核对",
    ),
    "FW-SAY-541": Msg(
        en="Revoke the key of party {party} and end its jobs? [y/N]",
        zh="确定吊销参与方 {party} 的密钥并终止其任务吗？[y/N]",
    ),
    "FW-SAY-542": Msg(
        en="the key of party {party} is revoked; told: {told}",
        zh="参与方 {party} 的密钥已吊销；已告知：{told}",
    ),
    "FW-NEXT-520": Msg(
        en="Next: fedwarden enrol --listen {at}",
        zh="下一步（Next:）：fedwarden enrol --listen {at}",
    ),
    "FW-NEXT-521": Msg(
        en="Next: fedwarden approve ID --fingerprint FINGERPRINT",
        zh="下一步（Next:）：fedwarden approve 编号 --fingerprint 指纹",
    ),
    "FW-NEXT-522": Msg(
        en="Next: fedwarden invitations",
        zh="下一步（Next:）：fedwarden invitations",
    ),
    "FW-NEXT-523": Msg(
        en="Next: fedwarden party peers",
        zh="下一步（Next:）：fedwarden party peers",
    ),
    "FW-NEXT-524": Msg(
        en="Next: fedwarden party start",
        zh="下一步（Next:）：fedwarden party start",
    ),
    "FW-NEXT-525": Msg(
        en="Next: fedwarden party pin ID FINGERPRINT",
        zh="下一步（Next:）：fedwarden party pin 编号 指纹",
    ),
    "FW-NEXT-526": Msg(
        en="Next: fedwarden party token list",
        zh="下一步（Next:）：fedwarden party token list",
    ),
    "FW-NEXT-527": Msg(
        en="Next: fedwarden certs rotate --party ID",
        zh="下一步（Next:）：fedwarden certs rotate --party 编号",
    ),
    "FW-NEXT-528": Msg(
        en="Next: fedwarden certs list",
        zh="下一步（Next:）：fedwarden certs list",
    ),
    "FW-SAY-420": Msg(
        en="{path}: {rows} rows, {columns} columns, {numbers} of them numbers",
        zh="{path}：{rows} 行，{columns} 列，其中数值列 {numbers} 个",
    ),
    "FW-NEXT-420": Msg(
        en="Next: give this file's path to the regulator, for the upload",
        zh="下一步（Next:）：将此文件的路径告知监管方，用于登记（upload）",
    ),
}

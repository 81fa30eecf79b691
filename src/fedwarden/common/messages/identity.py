"""Keys, certificates, fingerprints."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-ID-001": Msg(
        en="the key or certificate file {path} cannot be read: {why}",
        zh="无法读取密钥或证书文件 {path}：{why}",
        fix_en="Check that the file exists and belongs to the user who runs fedwarden; otherwise deploy again.",
        fix_zh="请确认该文件存在且属于运行 fedwarden 的用户；否则请重新部署。",
    ),
    "FW-ID-002": Msg(
        en="{path} holds no usable private key (P-256, PEM, without a passphrase)",
        zh="{path} 中没有可用的私钥（应为 P-256、PEM 格式、无口令）",
        fix_en="Restore the key from a backup, or deploy this party again.",
        fix_zh="请从备份恢复该密钥，或重新部署该参与方。",
    ),
    "FW-ID-003": Msg(
        en="{path} holds a certificate authority already; it is not replaced",
        zh="{path} 中已有证书颁发机构，不会被覆盖",
        fix_en="Use the existing one; to start anew, delete every deployment first and move that folder away.",
        fix_zh="请使用现有机构；如需重建，请先删除所有部署并移走该目录。",
    ),
    "FW-ID-004": Msg(
        en="{path} holds no usable certificate, or it does not belong to the key beside it",
        zh="{path} 中没有可用的证书，或证书与同目录的私钥不匹配",
        fix_en="Restore certificate and key together from one backup, or deploy again.",
        fix_zh="请从同一份备份中同时恢复证书与私钥，或重新部署。",
    ),
    "FW-ID-005": Msg(
        en="the certificate request of party {party} is refused: {why}",
        zh="参与方 {party} 的证书请求被拒绝：{why}",
        fix_en="Make a new request at the party and hand it over unchanged.",
        fix_zh="请在该参与方重新生成证书请求，并原样提交。",
    ),
    "FW-ID-006": Msg(
        en="the certificate request for party {party} asks for other names: {found}",
        zh="参与方 {party} 的证书请求中含有其他名称：{found}",
        fix_en="Make the request with fedwarden at the party itself; a request for another party is never signed.",
        fix_zh="请在该参与方用 fedwarden 生成证书请求；为其他参与方申请的请求一律不予签发。",
    ),
    "FW-ID-007": Msg(
        en="{found} is no party id",
        zh="{found} 不是有效的参与方编号",
        fix_en="Party ids are whole numbers from 1 to 2147483647 (0 is the regulator's own arbiter).",
        fix_zh="参与方编号应为 1 至 2147483647 的整数（0 为监管方自己的仲裁方）。",
    ),
    "FW-ID-008": Msg(
        en="the certificate does not name exactly one fedwarden identity; it names {found}",
        zh="证书中应恰好包含一个 fedwarden 身份，实际为：{found}",
        fix_en="Use the certificate that the regulator issued for this party.",
        fix_zh="请使用监管方为该参与方签发的证书。",
    ),
    "FW-ID-009": Msg(
        en="the other side showed no readable certificate ({why})",
        zh="对方未出示可解析的证书（{why}）",
        fix_en="Connect with a certificate that the regulator issued.",
        fix_zh="请使用监管方签发的证书进行连接。",
    ),
    "FW-ID-010": Msg(
        en="the certificate shown at {address} is not valid here: {why}",
        zh="{address} 出示的证书未通过本机校验：{why}",
        fix_en="Check both hosts' clocks, and that both sides have the same regulator; then deploy that party again.",
        fix_zh="请检查两端主机时钟，并确认双方属于同一监管方；必要时重新部署该参与方。",
    ),
    "FW-ID-011": Msg(
        en="{found} answers at {address}, where {expected} was expected",
        zh="{address} 处应答的是 {found}，而预期为 {expected}",
        fix_en="Check the address and the port; nothing was sent to it.",
        fix_zh="请检查地址与端口；未向其发送任何数据。",
    ),
    "FW-ID-012": Msg(
        en="{who} at {address} shows another key ({found}) than the pinned one ({pinned})",
        zh="{address} 处的 {who} 出示的密钥（{found}）与已固定的密钥（{pinned}）不一致",
        fix_en="If its operator confirms a new key, delete and deploy it again; otherwise somebody stands in between.",
        fix_zh="若对方运维人员确认已更换密钥，请删除后重新部署；否则可能存在中间人。",
    ),
    "FW-ID-013": Msg(
        en="{address} does not accept this side's certificate ({why})",
        zh="{address} 不接受本端证书（{why}）",
        fix_en="Check both hosts' clocks (BAD_CERTIFICATE: by that host's clock it is not valid yet), and that both "
        "sides belong to the same regulator.",
        fix_zh="请检查两端主机的时钟（BAD_CERTIFICATE：按对方主机的时钟证书尚未生效），并确认双方属于同一监管方。",
    ),
    "FW-ID-014": Msg(
        en="no TLS 1.3 connection with {address}: {why}",
        zh="无法与 {address} 建立 TLS 1.3 连接：{why}",
        fix_en="Check that a fedwarden agent listens on that port and that no proxy stands in between.",
        fix_zh="请确认该端口由 fedwarden 代理监听，且中间没有代理服务器。",
    ),
}

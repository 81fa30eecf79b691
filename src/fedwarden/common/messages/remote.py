"""Other machines over SSH: reaching them, running something there, copying to them."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-NOTE-160": Msg(
        en="first contact with {host}: its host key is {fingerprint}, recorded from now on",
        zh="首次连接 {host}：其主机密钥指纹为 {fingerprint}，已记录并将据此核对",
        fix_en="Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that host.",
        fix_zh="请在该主机上执行 ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub 进行比对。",
    ),
    "FW-NOTE-161": Msg(
        en="a password given with -pw can be read by everybody on this machine while the command runs",
        zh="以 -pw 直接给出的密码，在命令运行期间可被本机所有用户看到",
        fix_en="Give `-pw -` and the passwords on standard input, one per line, or use a key.",
        fix_zh="请改用 `-pw -` 并从标准输入逐行提供密码，或使用密钥登录。",
    ),
    "FW-SSH-002": Msg(
        en="{host} shows another host key than the recorded one: recorded {pinned}, now {found}; nothing was sent",
        zh="{host} 出示的主机密钥与记录不符：记录为 {pinned}，现为 {found}；未发送任何内容",
        fix_en="Ask the host's operator. If the host was really set up anew: fedwarden hosts forget {host}",
        fix_zh="请向该主机的运维人员核实。若主机确已重装：fedwarden hosts forget {host}",
    ),
    "FW-SSH-003": Msg(
        en="{host} was expected to show the host key {expected} but shows {found}; nothing was sent",
        zh="{host} 应出示主机密钥 {expected}，实际为 {found}；未发送任何内容",
        fix_en="Ask the host's operator for its fingerprint and check the address.",
        fix_zh="请向该主机的运维人员核对密钥指纹，并检查地址是否正确。",
    ),
    "FW-SSH-004": Msg(
        en="{host} refuses the connection: no SSH server listens there",
        zh="{host} 拒绝连接：该端口没有 SSH 服务在监听",
        fix_en="Start sshd on that host, or give the port that it listens on.",
        fix_zh="请在该主机启动 sshd，或指定其实际监听的端口。",
    ),
    "FW-SSH-005": Msg(
        en="{host} did not answer over SSH within {seconds} s",
        zh="{host} 在 {seconds} 秒内没有响应 SSH 连接",
        fix_en="Check that the host is up, the address is right, and no firewall drops the connection.",
        fix_zh="请检查主机是否开机、地址是否正确，以及防火墙是否丢弃了该连接。",
    ),
    "FW-SSH-006": Msg(
        en="{host} cannot be reached: {why}",
        zh="无法到达 {host}：{why}",
        fix_en="Check the address and this machine's route to it (ip route get).",
        fix_zh="请检查地址以及本机到该地址的路由（ip route get）。",
    ),
    "FW-SSH-007": Msg(
        en="{host} does not let {user} in (tried: {tried})",
        zh="{host} 拒绝用户 {user} 登录（已尝试：{tried}）",
        fix_en="Check the user and the password or key; for root by password sshd there needs PermitRootLogin yes.",
        fix_zh="请检查用户名以及密码或密钥；root 使用密码登录需要该主机 sshd 设置 PermitRootLogin yes。",
    ),
    "FW-SSH-008": Msg(
        en="the key file {path} cannot be used: {why}",
        zh="无法使用密钥文件 {path}：{why}",
        fix_en="Give a readable private key; for an encrypted one give its passphrase or load it into the SSH agent.",
        fix_zh="请提供可读的私钥；若私钥已加密，请提供口令或先加入 SSH agent。",
    ),
    "FW-SSH-009": Msg(
        en="{host} did not finish `{step}` within {seconds} s; it was ended there",
        zh="{host} 未能在 {seconds} 秒内完成“{step}”，已在该主机上终止",
        fix_en="Look at that host's load, disk and network, then repeat.",
        fix_zh="请检查该主机的负载、磁盘和网络后重试。",
    ),
    "FW-SSH-010": Msg(
        en="`{step}` failed on {host} (exit {status}): {why}",
        zh="{host} 执行“{step}”失败（退出码 {status}）：{why}",
        fix_en="Correct what it says on that host, then repeat; `fedwarden doctor` looks at all hosts.",
        fix_zh="请按提示在该主机上修正后重试；fedwarden doctor 可检查所有主机。",
    ),
    "FW-SSH-011": Msg(
        en="the connection to {host} was lost during `{step}`: {why}",
        zh="执行“{step}”期间与 {host} 的连接中断：{why}",
        fix_en="Check the network and repeat the command: it goes on from what is there.",
        fix_zh="请检查网络后重复该命令，将从已完成的部分继续。",
    ),
    "FW-SSH-012": Msg(
        en="{host} answers, but not as a usable SSH server: {why}",
        zh="{host} 有响应，但不是可用的 SSH 服务：{why}",
        fix_en="Check the port, and that sshd there is not older than OpenSSH 7.",
        fix_zh="请检查端口，并确认该主机的 sshd 不早于 OpenSSH 7。",
    ),
    "FW-SSH-013": Msg(
        en="what arrived on {host} as {path} is not what was sent (`{step}`); it was thrown away",
        zh="{host} 收到的 {path} 与发送内容不一致（“{step}”），已丢弃",
        fix_en="Repeat; if it happens again, that host's memory or disk is bad.",
        fix_zh="请重试；若再次出现，说明该主机的内存或磁盘有问题。",
    ),
    "FW-SSH-016": Msg(
        en="{wanted} passwords are needed on standard input, one per line; found {found}",
        zh="需要从标准输入逐行读取 {wanted} 个密码，实际读到 {found} 个",
        fix_en="Give one line per host, in the order of the addresses.",
        fix_zh="请按主机地址的顺序，每台主机提供一行密码。",
    ),
    "FW-SSH-017": Msg(
        en="no password can be read from {path}: {why}",
        zh="无法从 {path} 读取密码：{why}",
        fix_en="Its first line is the password.",
        fix_zh="该文件的第一行应为密码。",
    ),
    "FW-SSH-018": Msg(
        en="the password file {path} can be read by others",
        zh="其他用户可读取密码文件 {path}",
        fix_en="chmod 600 {path}",
        fix_zh="chmod 600 {path}",
    ),
}

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
        fix_en="Ask the host's operator. If the host was really set up anew: fedwarden hosts --forget {host}",
        fix_zh="请向该主机的运维人员核实。若主机确已重装：fedwarden hosts --forget {host}",
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
    "FW-SSH-030": Msg(
        en="{host} is {system} on {arch}; agents run on Linux, x86_64 or aarch64",
        zh="{host} 为 {system}（{arch}）；代理仅支持 x86_64 或 aarch64 的 Linux",
        fix_en="Use another host for this party.",
        fix_zh="请为该参与方更换主机。",
    ),
    "FW-SSH-031": Msg(
        en="{host} has glibc {found}; {needed} or newer is needed",
        zh="{host} 的 glibc 版本为 {found}，至少需要 {needed}",
        fix_en="Use a newer system there: Debian 10, Ubuntu 20.04, RHEL 8 or later.",
        fix_zh="请升级该主机的系统：Debian 10、Ubuntu 20.04、RHEL 8 或更新版本。",
    ),
    "FW-SSH-032": Msg(
        en="{host} has no Python 3.11, 3.12 or 3.13 (found: {found})",
        zh="{host} 没有 Python 3.11、3.12 或 3.13（现有：{found}）",
        fix_en="Install one there, or carry one along: fedwarden bundle --python ARCHIVE",
        fix_zh="请在该主机安装，或随包携带解释器：fedwarden bundle --python ARCHIVE",
    ),
    "FW-SSH-033": Msg(
        en="{python} on {host} has no module venv",
        zh="{host} 上的 {python} 缺少 venv 模块",
        fix_en="Install it there: apt-get install python3-venv (or the full python3 of that system).",
        fix_zh="请在该主机安装：apt-get install python3-venv（或该系统完整的 python3）。",
    ),
    "FW-SSH-034": Msg(
        en="{host} lacks these programs: {tools}",
        zh="{host} 缺少以下程序：{tools}",
        fix_en="Install there: coreutils, tar, util-linux.",
        fix_zh="请在该主机安装 coreutils、tar、util-linux。",
    ),
    "FW-SSH-035": Msg(
        en="{user} may not write {path} on {host}",
        zh="{host} 上的用户 {user} 无权写入 {path}",
        fix_en="Give a folder that this user owns, or another user.",
        fix_zh="请指定该用户拥有的目录，或更换用户。",
    ),
    "FW-SSH-036": Msg(
        en="{host} has {found} MB free at {path}; {needed} MB are needed",
        zh="{host} 的 {path} 仅剩 {found} MB 空间，需要 {needed} MB",
        fix_en="Make room there, or give another folder.",
        fix_zh="请清理该主机的磁盘，或指定其他目录。",
    ),
    "FW-SSH-037": Msg(
        en="{host} has {found} MB of memory free; {needed} MB are comfortable",
        zh="{host} 可用内存为 {found} MB，建议至少 {needed} MB",
        fix_en="Large tables may not fit; end other programs there, or give the host more memory.",
        fix_zh="较大的数据表可能无法载入；请结束该主机的其他程序或增加内存。",
    ),
    "FW-SSH-038": Msg(
        en="the clock of {host} is {seconds} s away from this machine's",
        zh="{host} 的时钟与本机相差 {seconds} 秒",
        fix_en="Set it there (timedatectl set-ntp true, or chronyc makestep): certificates are refused when clocks "
        "differ.",
        fix_zh="请校准该主机时钟（timedatectl set-ntp true 或 chronyc makestep）；时钟偏差会导致证书被拒绝。",
    ),
    "FW-SSH-039": Msg(
        en="port {port} of {host} is held by {who}",
        zh="{host} 的端口 {port} 已被 {who} 占用",
        fix_en="The agent takes the next free port; end that program if the port was meant for it.",
        fix_zh="代理将使用下一个空闲端口；若该端口应留给代理，请结束占用它的程序。",
    ),
    "FW-SSH-040": Msg(
        en="the agent on {host} will run as root and could read any file there",
        zh="{host} 上的代理将以 root 身份运行，能够读取该主机的任何文件",
        fix_en="Deploy as an ordinary user, or name dataset_folders in policy.yaml in the agent's home.",
        fix_zh="请使用普通用户部署，或在代理目录的 policy.yaml 中用 dataset_folders 限定数据目录。",
    ),
    "FW-SSH-041": Msg(
        en="{host} cannot open a connection to {target} ({how})",
        zh="{host} 无法连接 {target}（{how}）",
        fix_en="Open that port in the firewalls between the two (silent: packets are dropped; refused: nobody listens "
        "or it is rejected; unreachable: no route; no-tls: TCP passes, but something on the way stops TLS).",
        fix_zh="请在两台主机之间的防火墙放行该端口（silent：报文被丢弃；refused：无人监听或被拒绝；"
        "unreachable：没有路由；no-tls：TCP 可通，但途中有设备阻断 TLS）。",
    ),
    "FW-SSH-050": Msg(
        en="pip could not get the locked packages for {target}: {why}",
        zh="pip 无法获取 {target} 的锁定软件包：{why}",
        fix_en="Point pip's own configuration (mirror, proxy, or find-links with no-index) at a place that has them, "
        "or build the bundle on a machine with Internet and copy it into the folder bundles.",
        fix_zh="请将 pip 自身的配置（镜像、代理，或 find-links 加 no-index）指向可用来源；"
        "或在可联网的机器上制作安装包，再复制到 bundles 目录。",
    ),
    "FW-SSH-051": Msg(
        en="fedwarden's own package could not be made: {why}",
        zh="无法制作 fedwarden 自身的软件包：{why}",
        fix_en="Run `make setup` in the checkout, then repeat.",
        fix_zh="请在源码目录执行 make setup 后重试。",
    ),
    "FW-SSH-052": Msg(
        en="{path} holds no Python to carry along (found: {found})",
        zh="{path} 中没有可携带的 Python（实际：{found}）",
        fix_en="Give a tar archive of a relocatable Python with bin/python3.11, 3.12 or 3.13 for Linux on x86_64 or "
        "aarch64.",
        fix_zh="请提供可重定位 Python 的 tar 包，其中应有 Linux x86_64 或 aarch64 的 bin/python3.11、3.12 或 3.13。",
    ),
    "FW-SSH-053": Msg(
        en="the bundle {path} cannot be written: {why}",
        zh="无法写入安装包 {path}：{why}",
        fix_en="Make room on that disk (a bundle has about 200 MB), then repeat.",
        fix_zh="请清理磁盘空间（安装包约 200 MB）后重试。",
    ),
    "FW-SSH-060": Msg(
        en="the bundle cannot be installed on {host}: {why}",
        zh="无法在 {host} 上安装：{why}",
        fix_en="`fedwarden doctor` names what is missing there; then repeat.",
        fix_zh="可用 fedwarden doctor 查看该主机缺少什么，处理后重试。",
    ),
    "FW-SSH-061": Msg(
        en="the agent of party {party} does not start on {host}: {why}",
        zh="参与方 {party} 的代理无法在 {host} 上启动：{why}",
        fix_en="Correct what it says on that host, then repeat the command.",
        fix_zh="请按提示在该主机上处理后重复该命令。",
    ),
    "FW-SSH-062": Msg(
        en="this is still left on {host}: {left}",
        zh="{host} 上仍残留：{left}",
        fix_en="Repeat the command; what stays then has to be removed on the host by hand.",
        fix_zh="请重复该命令；若仍有残留，需在该主机上手工清除。",
    ),
    "FW-SSH-014": Msg(
        en="there is nothing to log into {host} with",
        zh="没有可用于登录 {host} 的密码或密钥",
        fix_en="Give `-pw -` and the passwords on standard input, a key file in FEDWARDEN_SSH_KEY, or an SSH agent.",
        fix_zh="请用 `-pw -` 从标准输入提供密码，或用 FEDWARDEN_SSH_KEY 指定密钥文件，或使用 SSH agent。",
    ),
    "FW-NOTE-162": Msg(
        en="{deployed} is half done on other hosts: {why}",
        zh="部署 {deployed} 在其他主机上只完成了一部分：{why}",
        fix_en="Repeat that deploy or delete with what logs into the hosts.",
        fix_zh="请提供主机的登录方式，重复该部署或删除命令。",
    ),
    "FW-NOTE-163": Msg(
        en="built the bundle {name}: {size} MB in {seconds} s",
        zh="已制作安装包 {name}：{size} MB，用时 {seconds} 秒",
    ),
    "FW-DEP-200": Msg(
        en="{ip} is this machine's own loopback address: parties on other hosts cannot reach it",
        zh="{ip} 是本机回环地址，其他主机上的参与方无法访问",
        fix_en="Give this machine's address in the network that the other hosts are in.",
        fix_zh="请改用本机在其他主机所在网络中的地址。",
    ),
    "FW-SSH-800": Msg(
        en="{name} does not say where the password is",
        zh="{name} 未说明密码的来源",
        fix_en="It is `prompt`, `env:VARIABLE` or `file:PATH` (0600), never the password itself.",
        fix_zh="其值应为 `prompt`、`env:变量名` 或 `file:路径`（0600），不能是密码本身。",
    ),
}

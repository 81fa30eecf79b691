"""FATE clusters made by us with Docker Compose (codes 650 to 699)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-DEP-650": Msg(
        en="FATE {release} can be attached, but not deployed by this program",
        zh="FATE {release} 只能接入，本程序不能部署该版本",
        fix_en="Deploy 1.4.4 or 1.11.2, or attach clusters that run already.",
        fix_zh="请部署 1.4.4 或 1.11.2，或接入已在运行的集群。",
    ),
    "FW-DEP-651": Msg(
        en="no network for a cluster can be cut out of {pool}: {why}",
        zh="无法从 {pool} 中划出集群网络：{why}",
        fix_en="Name a private IPv4 network that no host uses: --subnets 172.29.0.0/16.",
        fix_zh="请指定各主机均未使用的私有 IPv4 网段：--subnets 172.29.0.0/16。",
    ),
    "FW-DEP-652": Msg(
        en="{found} is no service that can be opened",
        zh="{found} 不是可以开放的服务",
        fix_en="These can be opened to other machines: {known}.",
        fix_zh="可对其他机器开放的服务：{known}。",
    ),
    "FW-DEP-653": Msg(
        en="Docker cannot be used on {host} as {user}: {why}",
        zh="主机 {host} 上的用户 {user} 无法使用 Docker：{why}",
        fix_en="Install Docker there, start its daemon, and let that user talk to it (group docker, or root).",
        fix_zh="请在该主机安装 Docker 并启动其守护进程，并允许该用户使用（docker 组或 root）。",
    ),
    "FW-DEP-654": Msg(
        en="there is no Docker Compose on {host}",
        zh="主机 {host} 上没有 Docker Compose",
        fix_en="Install docker-compose 1.29, or the plugin behind `docker compose`.",
        fix_zh="请安装 docker-compose 1.29，或 docker compose 插件。",
    ),
    "FW-DEP-655": Msg(
        en="{host} lacks the programs {tools}",
        zh="主机 {host} 缺少程序 {tools}",
        fix_en="Install them there.",
        fix_zh="请在该主机安装。",
    ),
    "FW-DEP-656": Msg(
        en="{user} may not write {folder} on {host}",
        zh="主机 {host} 上的用户 {user} 无权写入 {folder}",
        fix_en="Give that folder to the user, or deploy as another one.",
        fix_zh="请将该目录授权给该用户，或改用其他用户部署。",
    ),
    "FW-DEP-657": Msg(
        en="{host} holds a database of party {party} that was made with other passwords ({folder}/data/mysql)",
        zh="主机 {host} 上保留有参与方 {party} 以前集群的数据库，其密码与现有密码不同（{folder}/data/mysql）",
        fix_en="Put its own secrets.env back into {folder}, or move that folder away; a purge destroys its data.",
        fix_zh="请将与之对应的 secrets.env 放回 {folder}，或移走该目录；清除会销毁其中的数据。",
    ),
    "FW-DEP-658": Msg(
        en="the clock of {host} is {seconds} s apart from this machine's; {most:g} s are allowed",
        zh="主机 {host} 的时钟与本机相差 {seconds} 秒，最多允许 {most:g} 秒",
        fix_en="Set both by NTP (chrony, systemd-timesyncd).",
        fix_zh="请用 NTP（chrony、systemd-timesyncd）校准两端时钟。",
    ),
    "FW-DEP-659": Msg(
        en="{host} has {found} of memory; a FATE cluster needs {need}",
        zh="主机 {host} 的内存为 {found}，FATE 集群至少需要 {need}",
        fix_en="Take a larger host, or the native engine, which needs a few hundred megabytes.",
        fix_zh="请更换更大的主机，或使用 native 引擎（仅需数百 MB）。",
    ),
    "FW-DEP-660": Msg(
        en="{found} are free for {folder} on {host}; a FATE cluster needs {need}",
        zh="主机 {host} 上 {folder} 可用空间为 {found}，FATE 集群至少需要 {need}",
        fix_en="Make room there: docker system df shows what Docker keeps.",
        fix_zh="请清理空间；docker system df 可查看 Docker 的占用。",
    ),
    "FW-DEP-661": Msg(
        en="port {port} ({name}) of {host} is held by {holder}",
        zh="主机 {host} 的端口 {port}（{name}）已被 {holder} 占用",
        fix_en="Stop that program, or delete the cluster it belongs to.",
        fix_zh="请停止该程序，或删除它所属的集群。",
    ),
    "FW-DEP-662": Msg(
        en="the cluster's network {subnet} overlaps with {other} on {host}",
        zh="集群网段 {subnet} 与主机 {host} 上的 {other} 重叠",
        fix_en="Name a private network that no host uses: --subnets 172.29.0.0/16.",
        fix_zh="请指定各主机均未使用的私有网段：--subnets 172.29.0.0/16。",
    ),
    "FW-DEP-663": Msg(
        en="{host} lacks the images {missing} ({why})",
        zh="主机 {host} 缺少镜像 {missing}（{why}）",
        fix_en="Bring them: --images ARCHIVE.tar.gz (of docker save), or --registry PREFIX if the host reaches one.",
        fix_zh="请用 --images 归档.tar.gz（由 docker save 生成）提供，或用 --registry 前缀指定可访问的仓库。",
    ),
    "FW-DEP-664": Msg(
        en="the cluster of party {party} could not be started on {host}: {why}",
        zh="参与方 {party} 的集群无法在主机 {host} 上启动：{why}",
        fix_en="Mend that cause and run the same command again; what this run started was taken down.",
        fix_zh="请排除该原因后重新执行同一命令；本次启动的容器已全部撤下。",
    ),
    "FW-DEP-665": Msg(
        en="{container} of party {party} on {host} restarts again and again ({times} times, exit {status}): {said}",
        zh="主机 {host} 上参与方 {party} 的容器 {container} 反复重启（{times} 次，退出码 {status}）：{said}",
        fix_en="Mend what it says and run the same command again; what this run started was taken down.",
        fix_zh="请排除其所述原因后重新执行同一命令；本次启动的容器已全部撤下。",
    ),
    "FW-DEP-666": Msg(
        en="the cluster of party {party} on {host} was not up within {seconds} s; waiting for {waiting}",
        zh="主机 {host} 上参与方 {party} 的集群在 {seconds} 秒内未就绪，仍在等待 {waiting}",
        fix_en="A slow host gets more time by --start-seconds; what this run started was taken down.",
        fix_zh="主机较慢时可用 --start-seconds 延长等待；本次启动的容器已全部撤下。",
    ),
    "FW-DEP-668": Msg(
        en="the FATE-Flow of party {party} says it is version {found}, not {wanted}",
        zh="参与方 {party} 的 FATE-Flow 版本为 {found}，而非 {wanted}",
        fix_en="Its image does not hold what its tag says; take another source of images.",
        fix_zh="镜像内容与标签不符，请更换镜像来源。",
    ),
    "FW-DEP-669": Msg(
        en="party {party} does not reach party {other} at {target}",
        zh="参与方 {party} 无法访问参与方 {other} 的 {target}",
        fix_en="Open that port between the two hosts; it has to be reached from inside the containers.",
        fix_zh="请在两台主机之间开放该端口；该端口须能从容器内访问。",
    ),
    "FW-DEP-670": Msg(
        en="online prediction of party {party} on {host} is not wired up: an unbound name gave {found}, not 104",
        zh="主机 {host} 上参与方 {party} 的在线预测未连通：未绑定的服务名返回 {found}，而非 104",
        fix_en="Its serving-proxy does not find its serving-server (coordinator, route table), or that is down.",
        fix_zh="其 serving-proxy 找不到自己的 serving-server（coordinator、路由表），或 serving-server 未运行。",
    ),
    "FW-DEP-671": Msg(
        en="online prediction of party {party} on {host} does not answer as FATE-Serving does: {found}",
        zh="主机 {host} 上参与方 {party} 的在线预测应答异常：{found}",
        fix_en="Look at its serving-proxy's log: docker logs serving-{party}_serving-proxy_1.",
        fix_zh="请查看其 serving-proxy 日志：docker logs serving-{party}_serving-proxy_1。",
    ),
    "FW-DEP-672": Msg(
        en="another command works on the clusters of {host}: {who}",
        zh="另一条命令正在操作主机 {host} 上的集群：{who}",
        fix_en="Wait until it has ended; its lock goes with it.",
        fix_zh="请等待其结束，锁会随之释放。",
    ),
    "FW-DEP-673": Msg(
        en="{ip} is the loopback: the containers of the other parties cannot reach it",
        zh="{ip} 是回环地址，其他参与方的容器无法访问",
        fix_en="Give the address of this machine's network card.",
        fix_zh="请使用本机网卡的地址。",
    ),
    "FW-DEP-674": Msg(
        en="the job between parties {parties} that shows that FATE works failed: {why}",
        zh="用于验证 FATE 的参与方 {parties} 之间的任务失败：{why}",
        fix_en="Mend that cause and run the same command again; what this run started was taken down.",
        fix_zh="请排除该原因后重新执行同一命令；本次启动的容器已全部撤下。",
    ),
    "FW-DEP-675": Msg(
        en="{host} carries a cluster of party {party} that belongs to another deployment ({folder})",
        zh="主机 {host} 上已有属于其他部署的参与方 {party} 集群（{folder}）",
        fix_en="Delete it with the regulator that made it, or take another id or host.",
        fix_zh="请用建立它的监管端将其删除，或改用其他编号或主机。",
    ),
    "FW-DATA-650": Msg(
        en="FATE of party {party} cannot be given {path}: {why}",
        zh="无法将 {path} 提供给参与方 {party} 的 FATE：{why}",
        fix_en="Give the path of a table on that party's own host that its user may read.",
        fix_zh="请给出该参与方主机上其用户可读的数据表路径。",
    ),
    "FW-USE-650": Msg(
        en="there is no file {path} with images",
        zh="镜像文件 {path} 不存在",
        fix_en="Make one where the images are: docker save IMAGE... | gzip > fate_1.4.4-images.tar.gz.",
        fix_zh="可在有镜像的机器上生成：docker save 镜像... | gzip > fate_1.4.4-images.tar.gz。",
    ),
    "FW-USE-651": Msg(
        en="{option} belongs to --engine fate",
        zh="{option} 仅用于 --engine fate",
        fix_en="Leave it out, or add --engine fate.",
        fix_zh="请去掉该选项，或加上 --engine fate。",
    ),
    "FW-USE-652": Msg(
        en="what is asked of the FATE clusters cannot be: {why}",
        zh="对 FATE 集群的要求无效：{why}",
        fix_en="fedwarden deploy --help tells what each option takes.",
        fix_zh="fedwarden deploy --help 会说明各选项的取值。",
    ),
    "FW-NOTE-650": Msg(
        en="{host} has {found} of memory; FATE's own advice is {advised}",
        zh="主机 {host} 的内存为 {found}，FATE 建议 {advised}",
    ),
    "FW-NOTE-651": Msg(
        en="the processor of {host} has no AVX; some images of FATE need it",
        zh="主机 {host} 的处理器不支持 AVX，部分 FATE 镜像需要该指令集",
    ),
    "FW-NOTE-652": Msg(
        en="{user} on {host} cannot set firewall rules: everybody who reaches that host reaches ports {ports}",
        zh="主机 {host} 上的用户 {user} 无法设置防火墙规则：所有能访问该主机的机器均可访问端口 {ports}",
    ),
    "FW-NOTE-653": Msg(
        en="the cluster of party {party} on {host} could not be brought back to how it was: {why}",
        zh="主机 {host} 上参与方 {party} 的集群未能恢复原状：{why}",
    ),
    "FW-NOTE-654": Msg(
        en="the image {image} is not the same at all parties, although its tag is",
        zh="各参与方的镜像 {image} 标签相同但内容不同",
    ),
    "FW-NOTE-655": Msg(
        en="party {party} on {host} kept its data: {folders}, {size}. To destroy it: {command}",
        zh="主机 {host} 上参与方 {party} 的数据已保留：{folders}，共 {size}。如需销毁：{command}",
    ),
    "FW-NOTE-658": Msg(
        en="{services} are open to everybody who reaches the hosts; nobody is asked who they are",
        zh="{services} 对所有能访问主机的机器开放，且不验证身份",
    ),
    "FW-SAY-650": Msg(
        en="party {party}: looking at {host}",
        zh="参与方 {party}：检查主机 {host}",
    ),
    "FW-SAY-652": Msg(
        en="{host}: copying and loading {archive} ({size} MB)",
        zh="{host}：正在复制并载入 {archive}（{size} MB）",
    ),
    "FW-SAY-653": Msg(en="{host}: pulling {image}", zh="{host}：正在拉取 {image}"),
    "FW-SAY-654": Msg(
        en="party {party}: starting containers on {host}", zh="参与方 {party}：正在主机 {host} 上启动容器"
    ),
    "FW-SAY-655": Msg(
        en="party {party}: waiting for FATE on {host}, up to {seconds} s",
        zh="参与方 {party}：等待主机 {host} 上的 FATE 就绪，最多 {seconds} 秒",
    ),
    "FW-SAY-656": Msg(
        en="every container runs, every party reaches every other, prediction is wired up",
        zh="所有容器运行正常，各方互通，在线预测已连通",
    ),
    "FW-SAY-657": Msg(
        en="party {party}: taking back what was started on {host}",
        zh="参与方 {party}：正在撤下主机 {host} 上本次启动的内容",
    ),
    "FW-SAY-658": Msg(
        en="parties {guest} and {host}: a secure addition by FATE",
        zh="参与方 {guest} 与 {host}：执行 FATE 安全加法",
    ),
}

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
    "FW-DEP-602": Msg(
        en="party {party} is attached without FATE-Serving",
        zh="参与方 {party} 接入时未给出 FATE-Serving 地址",
        fix_en="Attach it again with --serving URL (its serving-proxy, port 8059).",
        fix_zh="请带上 --serving（其 serving-proxy，端口 8059）重新接入。",
    ),
    "FW-DEP-603": Msg(
        en="the parties of one deployment must run the same FATE; here: {versions}",
        zh="同一部署的各方须运行相同版本的 FATE；当前为：{versions}",
        fix_en="Detach first, or attach parties of one version only.",
        fix_zh="请先解除接入，或只接入同一版本的参与方。",
    ),
    "FW-DEP-605": Msg(
        en="the current deployment ({deployed}) was deployed, not attached",
        zh="当前部署（{deployed}）由本程序部署，并非接入",
        fix_en="Use fedwarden destroy for it.",
        fix_zh="请使用 fedwarden destroy。",
    ),
    "FW-DEP-606": Msg(
        en="party {party} runs FATE {found}, not {asked}",
        zh="参与方 {party} 运行的是 FATE {found}，而非 {asked}",
        fix_en="Leave --version out: it is found by itself.",
        fix_zh="请省略 --version，由程序自动识别。",
    ),
    "FW-USE-601": Msg(
        en="{key}: {found} has no meaning with FATE {version}",
        zh="{key}: {found} 对 FATE {version} 无意义",
        fix_en="Take: {instead}.",
        fix_zh="请改为：{instead}。",
    ),
    "FW-USE-602": Msg(
        en="{found} is no host to log into",
        zh="{found} 不是可登录的主机",
        fix_en="Write it as USER@HOST or USER@HOST:PORT.",
        fix_zh="请写成 用户@主机 或 用户@主机:端口。",
    ),
    "FW-USE-603": Msg(
        en="FATE {version} has no link to FATE-Serving",
        zh="FATE {version} 与 FATE-Serving 没有连接",
        fix_en="Leave --serving out; score whole tables with fedwarden job predict.",
        fix_zh="请去掉 --serving；批量预测请用 fedwarden job predict。",
    ),
    "FW-USE-604": Msg(
        en="it is not clear to which of {parties} the values of {option} belong",
        zh="无法判断 {option} 的取值分别属于 {parties} 中的哪一方",
        fix_en="Write {option} ID=VALUE, one for each party.",
        fix_zh="请写成 {option} 编号=取值，每方一个。",
    ),
    "FW-USE-605": Msg(
        en="{what} is not available with the engine {engine}",
        zh="引擎 {engine} 不支持 {what}",
        fix_en=(
            "The native engine's parts of a model never leave their parties; publish the model and "
            "predict sample by sample."
        ),
        fix_zh="native 引擎的模型各部分不离开各方；请发布模型后逐个样本预测。",
    ),
    "FW-USE-606": Msg(
        en="party {party} holds no part of this model, or more than one; held by {held}",
        zh="参与方 {party} 没有该模型的部分，或持有多个；现有：{held}",
        fix_en="Name one of them, with --role where one party is both.",
        fix_zh="请指定其中之一；若同一方兼任多个角色，请加 --role。",
    ),
    "FW-USE-607": Msg(
        en="{path} is for the engine {engine}; attach is for fate",
        zh="{path} 的引擎为 {engine}；attach 仅用于 fate",
        fix_en="Write engine: fate, or deploy the file with fedwarden deploy -f {path}.",
        fix_zh="请写 engine: fate，或用 fedwarden deploy -f {path} 部署。",
    ),
    "FW-USE-608": Msg(
        en="{path} does not say where a party's FATE-Flow is: {key}",
        zh="{path} 未指明参与方的 FATE-Flow 地址：{key}",
        fix_en="Write it as fate: {{flow: http://HOST:9380}} in that party's entry.",
        fix_zh="请在该参与方中写 fate: {{flow: http://主机:9380}}。",
    ),
    "FW-JOB-600": Msg(
        en="FATE-Flow of party {party} refused {what}: {why} ({retcode})",
        zh="参与方 {party} 的 FATE-Flow 拒绝 {what}：{why}（{retcode}）",
        fix_en="Mend what it says, then run the same command again.",
        fix_zh="请按其提示处理后重新执行。",
    ),
    "FW-JOB-601": Msg(
        en="{component} failed at party {party}; FATE says: {why}",
        zh="{component} 在参与方 {party} 失败；FATE 提示：{why}",
        fix_en="Mend that cause and submit again.",
        fix_zh="请排除该原因后重新提交。",
    ),
    "FW-JOB-602": Msg(
        en="FATE ended the job because it took longer than {seconds} s",
        zh="任务超过 {seconds} 秒，被 FATE 终止",
        fix_en="Give it more time with the option timeout, or less to do.",
        fix_zh="请用参数 timeout 延长时间，或减少计算量。",
    ),
    "FW-JOB-603": Msg(
        en="the job {job} failed, and no party's FATE says why",
        zh="任务 {job} 失败，各方 FATE 均未给出原因",
        fix_en="Look into the logs of FATE-Flow on the parties' hosts.",
        fix_zh="请查看各方主机上 FATE-Flow 的日志。",
    ),
    "FW-JOB-604": Msg(
        en="FATE-Flow of party {party} was not done with {path} within {seconds} s",
        zh="参与方 {party} 的 FATE-Flow 未能在 {seconds} 秒内完成 {path}",
        fix_en="Look at that host's load and disk, then run the same command again.",
        fix_zh="请检查该主机的负载和磁盘后重新执行。",
    ),
    "FW-JOB-605": Msg(
        en="{algorithm} does not exist in FATE {version}",
        zh="FATE {version} 没有 {algorithm}",
        fix_en="Take one of: {known}.",
        fix_zh="可选：{known}。",
    ),
    "FW-JOB-606": Msg(
        en="early_stop: {rule} needs the loss, which FATE cannot compute with several hosts ({hosts})",
        zh="early_stop: {rule} 需要损失值，而有多个 host（{hosts}）时 FATE 无法计算",
        fix_en="Take: early_stop: weight_diff.",
        fix_zh="请改为 early_stop: weight_diff。",
    ),
    "FW-JOB-607": Msg(
        en="the tables of project {project} are not those of the parties that trained {job}",
        zh="项目 {project} 的数据表与训练任务 {job} 的参与方不一致",
        fix_en="Upload a table of every one of them, in the same roles.",
        fix_zh="请为每一方按相同角色上传数据表。",
    ),
    "FW-DATA-600": Msg(
        en="{option} {found} is nothing that FATE of party {party} reads",
        zh="参与方 {party} 的 FATE 无法读取 {option} {found}",
        fix_en="Take {instead}.",
        fix_zh="请使用 {instead}。",
    ),
    "FW-DATA-601": Msg(
        en="FATE of party {party} found no row in {path}",
        zh="参与方 {party} 的 FATE 在 {path} 中未读到任何行",
        fix_en="Look at the file; the path is the one that FATE-Flow sees.",
        fix_zh="请检查该文件；路径须为 FATE-Flow 所见的路径。",
    ),
    "FW-DATA-602": Msg(
        en="FATE of party {party} could not read {path}: {why}",
        zh="参与方 {party} 的 FATE 无法读取 {path}：{why}",
        fix_en="Look whether FATE-Flow sees that path (in its container) and whether it is plain CSV.",
        fix_zh="请检查 FATE-Flow（容器内）能否看到该路径，以及文件是否为普通 CSV。",
    ),
    "FW-DATA-603": Msg(
        en="the first column of {path} (party {party}) is {first}; FATE takes that for the id, not {column}",
        zh="{path}（参与方 {party}）的首列为 {first}；FATE 以首列为编号，而非 {column}",
        fix_en="Put the id column first.",
        fix_zh="请将编号列放在首列。",
    ),
    "FW-DATA-604": Msg(
        en="{path} (party {party}) has no column {column}; it has {columns}",
        zh="{path}（参与方 {party}）没有 {column} 列；现有 {columns}",
        fix_en="Name the label with --label.",
        fix_zh="请用 --label 指明标签列。",
    ),
    "FW-DATA-605": Msg(
        en="the table {table} of party {party} has {rows} rows now; it had {before} when it was uploaded",
        zh="参与方 {party} 的表 {table} 现有 {rows} 行，上传时为 {before} 行",
        fix_en="Upload again.",
        fix_zh="请重新上传。",
    ),
    "FW-MODEL-600": Msg(
        en="{what} failed at {role} (party {party}); FATE says: {why}",
        zh="{what} 在 {role}（参与方 {party}）失败；FATE 提示：{why}",
        fix_en="Look whether FATE-Serving runs at that party and its FATE-Flow knows its address; then bind again.",
        fix_zh="请检查该方 FATE-Serving 是否运行、其 FATE-Flow 是否配置了地址，然后重新绑定。",
    ),
    "FW-MODEL-601": Msg(
        en="{model_id} is no model id of FATE",
        zh="{model_id} 不是 FATE 的模型编号",
        fix_en="Take it as submit printed it.",
        fix_zh="请使用 submit 输出的编号。",
    ),
    "FW-MODEL-602": Msg(
        en="FATE-Serving answers {name} with success but without a score",
        zh="FATE-Serving 对 {name} 返回成功但没有分值",
        fix_en="It cannot score that kind of model; score whole tables with fedwarden job predict.",
        fix_zh="它无法对此类模型打分；批量预测请用 fedwarden job predict。",
        retcode=108,
    ),
    "FW-MODEL-603": Msg(
        en="FATE-Serving of party {party} has nothing bound to {name}: {why} ({retcode})",
        zh="参与方 {party} 的 FATE-Serving 没有绑定 {name}：{why}（{retcode}）",
        fix_en="Bind it again: it forgets its models when its container is made anew.",
        fix_zh="请重新绑定：容器重建后它会丢失已加载的模型。",
        retcode=104,
    ),
    "FW-MODEL-604": Msg(
        en="FATE-Serving of party {party} does not get through: {why} ({retcode})",
        zh="参与方 {party} 的 FATE-Serving 无法联通：{why}（{retcode}）",
        fix_en=(
            "Look at its serving-proxy: coordinator must be {party}, and the routes to its server and "
            "to the host must be right."
        ),
        fix_zh="请检查其 serving-proxy：coordinator 须为 {party}，到本方 server 和 host 的路由须正确。",
        retcode=105,
    ),
    "FW-MODEL-605": Msg(
        en="the host's feature adaptor has no row for this sample: {why} ({retcode})",
        zh="host 的特征适配器没有该样本：{why}（{retcode}）",
        fix_en="Give an id that the host knows: -sid; to bind: fedwarden publish JOB --name NAME --probe-id ID.",
        fix_zh="请给出 host 存在的样本编号：-sid；绑定时用 fedwarden publish 任务 --name 名称 --probe-id 编号。",
        retcode=113,
    ),
    "FW-MODEL-606": Msg(
        en="the host's FATE-Serving has not loaded the model of {name}: {why} ({retcode})",
        zh="host 的 FATE-Serving 未加载 {name} 的模型：{why}（{retcode}）",
        fix_en="Bind it again: it forgets its models when its container is made anew.",
        fix_zh="请重新绑定：容器重建后它会丢失已加载的模型。",
        retcode=104,
    ),
    "FW-MODEL-607": Msg(
        en="FATE-Serving of party {party} refused {name}: {why} ({retcode})",
        zh="参与方 {party} 的 FATE-Serving 拒绝 {name}：{why}（{retcode}）",
        fix_en="Look into the log of its serving-server.",
        fix_zh="请查看其 serving-server 的日志。",
        retcode=110,
    ),
    "FW-MODEL-608": Msg(
        en="FATE {version} has no online prediction: it answers load with success and does nothing",
        zh="FATE {version} 没有在线预测：load 虽返回成功，但不做任何事",
        fix_en="Score whole tables with fedwarden job predict.",
        fix_zh="批量预测请用 fedwarden job predict。",
    ),
    "FW-MODEL-609": Msg(
        en="no FATE-Serving scores models of {algorithm}; it scores {known}",
        zh="FATE-Serving 均不支持 {algorithm} 模型的打分；支持 {known}",
        fix_en="Score whole tables with fedwarden job predict.",
        fix_zh="批量预测请用 fedwarden job predict。",
    ),
    "FW-MODEL-610": Msg(
        en="FATE-Serving asks the first host only ({first}); the scores would leave out the others of {hosts}",
        zh="FATE-Serving 只询问第一个 host（{first}），分值会缺少 {hosts} 中其他各方的部分",
        fix_en="Train with one host, or score whole tables with fedwarden job predict.",
        fix_zh="请只用一个 host 训练，或用 fedwarden job predict 批量预测。",
    ),
    "FW-MODEL-611": Msg(
        en="FATE-Serving does not look the guest's features up: they have to be given",
        zh="FATE-Serving 不会查找标签方特征，须在请求中给出",
        fix_en="Give -params in this order: {columns}",
        fix_zh="请按此顺序给出 -params：{columns}",
        retcode=100,
    ),
    "FW-NOTE-600": Msg(
        en=(
            "the table of project {project} at party {party} replaces the one that was there; jobs "
            "that were submitted before keep the one they have."
        ),
        zh="项目 {project} 在参与方 {party} 的表已替换原表；此前提交的任务仍使用原来的表。",
    ),
    "FW-NOTE-601": Msg(
        en="the table {table} of party {party} could not be removed: {why}",
        zh="参与方 {party} 的表 {table} 无法删除：{why}",
    ),
    "FW-NOTE-602": Msg(
        en="FATE-Flow's answer got lost; the job was found in its list: {job}.",
        zh="FATE-Flow 的应答丢失；已在其任务列表中找到该任务：{job}。",
    ),
    "FW-NOTE-603": Msg(
        en="party {party} is the arbiter and also {roles}: FATE shows it every gradient of the others in the clear.",
        zh="参与方 {party} 既是仲裁方又是 {roles}：FATE 会让它看到其他各方的明文梯度。",
    ),
    "FW-NOTE-604": Msg(
        en="job {job} runs on in its cluster, without being followed.",
        zh="任务 {job} 仍在其集群中运行，不再跟踪。",
    ),
    "FW-NOTE-605": Msg(
        en="party {party} runs FATE {found}; it is spoken to as {described}.",
        zh="参与方 {party} 运行 FATE {found}，按 {described} 对待。",
    ),
    "FW-NOTE-606": Msg(
        en=(
            "FATE-Serving of party {party} is not ready to predict ({answer}): its proxy's coordinator "
            "must be this party's id."
        ),
        zh="参与方 {party} 的 FATE-Serving 尚不能预测（{answer}）：其 proxy 的 coordinator 须为该方编号。",
    ),
    "FW-NOTE-607": Msg(
        en=(
            "the host's part comes from its FATE-Serving's feature adaptor; the one that FATE ships "
            "answers the same constants for every id."
        ),
        zh="host 的部分来自其 FATE-Serving 的特征适配器；FATE 自带的适配器对任何编号都返回同一组常数。",
    ),
    "FW-SAY-600": Msg(
        en="attached: {deployed} (FATE {version})",
        zh="已接入：{deployed}（FATE {version}）",
    ),
    "FW-SAY-601": Msg(
        en="detached: {deployed}; the clusters run on",
        zh="已解除接入：{deployed}；集群继续运行",
    ),
    "FW-SAY-602": Msg(
        en="{rows} rows scored by job {job}; they lie in the guest's FATE as {table}",
        zh="任务 {job} 已对 {rows} 行打分；结果位于标签方 FATE 的 {table}",
    ),
    "FW-SAY-603": Msg(
        en="Forget the attached clusters? [y/N]",
        zh="确定解除接入？[y/N]",
    ),
    "FW-SAY-604": Msg(
        en="written: {file} ({size})",
        zh="已写入：{file}（{size}）",
    ),
    "FW-NEXT-600": Msg(
        en=(
            "Next: fedwarden attach for the next party, or fedwarden upload --project NAME --guest "
            "ID=PATH --host ID=PATH"
        ),
        zh="下一步：fedwarden attach 接入下一方，或 fedwarden upload --project 名称 --guest 编号=路径 --host 编号=路径",
    ),
}

"""What the mathematics refuses, and what it tells while it trains."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-ENG-001": Msg(
        en="the parties have fewer than {minimum} ids in common, which the job demands; how many is told to nobody",
        zh="各方共同的 ID 少于任务要求的 {minimum} 个；具体数目不告知任何一方",
        fix_en="Check that all tables use one kind of id, written alike (text, leading zeros, no spaces); "
        "a smaller min_intersection (--config) protects people less.",
        fix_zh="请确认各方表格使用同一种 ID 且写法一致（文本、前导零、无空格）；"
        "调小 min_intersection（--config）会降低对个人的保护。",
    ),
    "FW-ENG-002": Msg(
        en="{count} ids stand more than once in this party's table",
        zh="本方表格中有 {count} 个 ID 重复",
        fix_en="Keep one row per id, upload again.",
        fix_zh="每个 ID 只保留一行，然后重新上传。",
    ),
    "FW-ENG-003": Msg(
        en="{count} rows of this party's table have no id",
        zh="本方表格中有 {count} 行没有 ID",
        fix_en="Give every row an id, upload again.",
        fix_zh="请为每一行补上 ID，然后重新上传。",
    ),
    "FW-ENG-004": Msg(
        en="{rows} aligned rows cannot be split with validation {fraction}: one side would be empty",
        zh="{rows} 行对齐数据无法按 validation {fraction} 划分：其中一侧将为空",
        fix_en="Set validation to 0 or bring more rows.",
        fix_zh="将 validation 设为 0，或提供更多数据行。",
    ),
    "FW-ENG-005": Msg(
        en="{peer} sent something that the protocol does not allow ({tag}: {what})",
        zh="{peer} 发送了协议不允许的内容（{tag}：{what}）",
        fix_en="Deploy the same version of fedwarden at every party.",
        fix_zh="请在所有参与方部署相同版本的 fedwarden。",
    ),
    "FW-ENG-006": Msg(
        en="numbers leave the range that the job's scales can hold ({what})",
        zh="数值超出任务标度可表示的范围（{what}）",
        fix_en="Raise alpha, or look for columns that separate the classes perfectly or are copies of each other.",
        fix_zh="请增大 alpha，或检查是否有能完全区分类别的列或互为副本的列。",
    ),
    "FW-ENG-007": Msg(
        en="a random stream would have been used twice; the job was ended before anything was sent",
        zh="某个随机流将被重复使用；任务已在发送任何内容之前终止",
        fix_en="This is a fault of the program: report it with the output of fedwarden logs JOB.",
        fix_zh="这是程序缺陷：请附上 fedwarden logs JOB 的输出报告。",
    ),
    "FW-ENG-008": Msg(
        en="{peer} takes part in another attempt of this job",
        zh="{peer} 参与的是该任务的另一次尝试",
        fix_en="Submit the job again.",
        fix_zh="请重新提交任务。",
    ),
    "FW-ENG-009": Msg(
        en="{peer} made another plan of this job (sizes, options or versions differ)",
        zh="{peer} 得出的任务计划不同（规模、选项或版本不一致）",
        fix_en="Deploy the same version of fedwarden at every party, then submit again.",
        fix_zh="请在所有参与方部署相同版本的 fedwarden 后重新提交。",
    ),
    "FW-ENG-010": Msg(
        en="this party's table or the job's options cannot be trained on: {what}",
        zh="本方表格或任务选项无法用于训练：{what}",
        fix_en="Look at the named column or option, mend it and upload or submit again.",
        fix_zh="请检查所指的列或选项，修正后重新上传或提交。",
    ),
    "FW-ENG-011": Msg(
        en="after alignment all training labels are {label}: there is nothing to tell apart",
        zh="对齐后训练标签全部为 {label}，无法区分类别",
        fix_en="Bring rows of both classes.",
        fix_zh="请提供包含两个类别的数据。",
    ),
    "FW-ENG-099": Msg(
        en="the engine ended the job: {kind}",
        zh="引擎终止了任务：{kind}",
        fix_en="Report it with the output of fedwarden logs JOB.",
        fix_zh="请附上 fedwarden logs JOB 的输出报告。",
    ),
    "FW-ENG-N01": Msg(
        en="{party}: constant columns take no part in the model: {columns}",
        zh="{party}：常数列不参与建模：{columns}",
    ),
    "FW-ENG-N02": Msg(
        en="{kind}: {detail}",
        zh="{kind}：{detail}",
    ),
    "FW-ENG-N03": Msg(
        en="{party}: missing cells of {columns} were filled with the mean of the training rows",
        zh="{party}：{columns} 的缺失值已用训练行均值填充",
    ),
    "FW-ENG-N04": Msg(
        en="one party plays every role: the protocol runs, but it protects nothing from anybody",
        zh="同一参与方担任全部角色：协议照常运行，但不提供任何保护",
    ),
    "FW-ENG-420": Msg(
        en="the guest's own model was not fitted for comparison: its table is on disk, and that needs it in memory",
        zh="未拟合 guest 单方对照模型：其表存放于磁盘，而对照模型需要全部载入内存",
    ),
}

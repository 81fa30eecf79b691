"""A party's own hand: joining, its policy, pins, tokens, and the life of certificates (codes 520 to 559)."""

from fedwarden.common.messages.msg import Msg

MESSAGES = {
    "FW-JOB-520": Msg(
        en="the policy of party {party} does not allow the job: {rule} is {found}, allowed: {allowed}",
        zh="参与方 {party} 的策略不允许该任务：{rule} 为 {found}，允许：{allowed}",
        fix_en="Submit with an allowed value, or ask that party's operator to change its policy.yaml.",
        fix_zh="请改用允许的取值，或请该方运维人员修改其 policy.yaml。",
    ),
    "FW-DATA-520": Msg(
        en="the party's policy does not allow this table: {rule} is {found}, allowed: {allowed}",
        zh="该方策略不允许此数据表：{rule} 为 {found}，允许：{allowed}",
        fix_en="Use a table that the policy allows, or change policy.yaml at that party.",
        fix_zh="请使用策略允许的数据表，或在该方修改 policy.yaml。",
    ),
    "FW-MODEL-520": Msg(
        en="party {party} gives no more scores of this model: predictions.{rule} is {allowed} and used up",
        zh="参与方 {party} 不再提供该模型的预测：predictions.{rule} 为 {allowed}，已用完",
        fix_en="Ask that party's operator to raise the limit in policy.yaml, or train a new model.",
        fix_zh="请该方运维人员在 policy.yaml 中提高上限，或训练新模型。",
    ),
    "FW-MODEL-521": Msg(
        en="party {party} works with no party {found}: its policy allows the peers {allowed}",
        zh="参与方 {party} 不与参与方 {found} 合作：其策略允许的对端为 {allowed}",
        fix_en="Ask that party's operator; the list stands in its policy.yaml under peers.",
        fix_zh="请联系该方运维人员；名单见其 policy.yaml 的 peers。",
    ),
    "FW-ID-520": Msg(
        en="the operator of party {owner} has not confirmed the key of party {party} ({fingerprint})",
        zh="参与方 {owner} 的运维人员尚未确认参与方 {party} 的密钥（{fingerprint}）",
        fix_en="Compare it with that operator, then at party {owner}: fedwarden party pin {party} {fingerprint}",
        fix_zh="请与对方人员核对后，在参与方 {owner} 执行：fedwarden party pin {party} {fingerprint}",
    ),
    "FW-ID-521": Msg(
        en="the signed statement ({kind}) is not what it should be: {why}",
        zh="签名声明（{kind}）无效：{why}",
        fix_en="Nothing was changed; find out who sent it.",
        fix_zh="未作任何更改；请查明来源。",
    ),
    "FW-ID-522": Msg(
        en="the key {fingerprint} of {who} is revoked",
        zh="{who} 的密钥 {fingerprint} 已被吊销",
        fix_en="Ask the regulator; a party whose key was revoked joins again with a new invitation.",
        fix_zh="请联系监管方；密钥被吊销的参与方需凭新的邀请重新加入。",
    ),
    "FW-ID-523": Msg(
        en="the list of revoked keys that was sent (number {found}) is older than the one here ({here})",
        zh="收到的吊销列表（编号 {found}）比本地列表（{here}）旧",
        fix_en="Use the regulator's current folder; one restored from a backup lacks what was revoked since.",
        fix_zh="请使用监管方当前的目录；从备份恢复的目录缺少此后的吊销记录。",
    ),
    "FW-ID-524": Msg(
        en="the certificate is not the one for party {party}'s new key: {why}",
        zh="该证书与参与方 {party} 的新密钥不符：{why}",
        fix_en="Repeat the command; the regulator signs the request that this agent made.",
        fix_zh="请重新执行命令；监管方须对本代理生成的请求进行签发。",
    ),
    "FW-JOB-523": Msg(
        en="party {party} cannot change its key while jobs run or wait there: {jobs}",
        zh="参与方 {party} 有任务正在运行或等待，无法更换密钥：{jobs}",
        fix_en="Wait for them or stop them, then repeat.",
        fix_zh="请等待任务结束或停止任务后重试。",
    ),
    "FW-STATE-521": Msg(
        en="the list of revoked keys {path} cannot be used ({why}), so nobody is believed",
        zh="吊销列表 {path} 不可用（{why}），因此不信任任何一方",
        fix_en="Restore the file from a backup; fedwarden certs revoke writes a new one at every agent.",
        fix_zh="请从备份恢复该文件；执行 fedwarden certs revoke 会向各代理重新下发。",
    ),
    "FW-STATE-520": Msg(
        en="the policy {path} cannot be used ({why}), so nothing is allowed",
        zh="策略文件 {path} 不可用（{why}），因此全部拒绝",
        fix_en="Mend the file at that party; fedwarden party policy --check FILE shows what is wrong.",
        fix_zh="请在该方修正此文件；fedwarden party policy --check 文件 可指出问题。",
    ),
}

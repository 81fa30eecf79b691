"""What the demo says, in both languages."""

from __future__ import annotations

from typing import NamedTuple

from fedwarden.common import messages


class Text(NamedTuple):
    en: str
    zh: str

    def __call__(self, **values: object) -> str:
        return (self.zh if messages.language() == "zh" else self.en).format(**values)


TITLE = Text(
    "Two organisations, one joint model: default of credit card clients",
    "两个机构，一个联合模型：信用卡违约数据",
)
TABLES = Text(
    "bank: {bank} people, labels and {bank_columns} features · partner: {partner} people, {partner_columns} features · "
    "{common} in common",
    "银行：{bank} 人，标签与 {bank_columns} 个特征 · 合作机构：{partner} 人，{partner_columns} 个特征 · "
    "共有 {common} 人",
)
PHASES = {
    "tables": Text("write two tables", "生成两张表"),
    "deploy": Text("deploy two parties and the arbiter", "部署两个参与方与仲裁方"),
    "upload": Text("register the tables in place", "就地登记数据表"),
    "train": Text("align, train, evaluate", "对齐、训练、评估"),
    "publish": Text("publish", "发布"),
    "predict": Text("one federated prediction", "一次联邦预测"),
    "delete": Text("take everything down", "全部拆除"),
}
HELD_OUT = Text("held-out people ({rows})", "验证集（{rows} 人）")
ALONE = Text("bank alone (scikit-learn, same rows)", "银行单方（scikit-learn，相同的行）")
JOINT = Text("bank and partner together", "银行与合作机构联合")
GAIN = Text("gain", "提升")
PREDICTION = Text(
    "prediction for {id}: probability of default {prob:.4f} (what happened: {outcome})",
    "对 {id} 的预测：违约概率 {prob:.4f}（实际情况：{outcome}）",
)
DEFAULTED = Text("default", "违约")
PAID = Text("no default", "未违约")
LEFT = Text(
    "{seconds:.1f} s in all. Nothing is left running, nothing is left on disk.",
    "总计 {seconds:.1f} 秒。没有遗留任何进程或文件。",
)
NEXT = Text(
    "Next: the same by hand, docs/getting-started.md",
    "下一步：亲手做一遍，见 docs/getting-started.zh.md",
)
STOPPED = Text("stopped; everything has been taken down", "已中止；全部内容已拆除")

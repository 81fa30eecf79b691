"""How many bytes one attempt of logistic regression puts on each link, from its plan alone (docs/protocol.md, 5).

What is counted are the arrays of the protocol's messages; frames, TLS records and heartbeats come on top (about 0.3 %
where tables are large). A record that holds more than this formula has sent something the protocol does not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fedwarden.engine.dealer import last_role
from fedwarden.engine.lr_matrix import layout
from fedwarden.engine.plan import Plan

Links = Counter[tuple[str, str]]  # (from, to) → bytes
WORD = 8


def attempt_bytes(
    plan: Plan,
    roles: Sequence[str],
    dealer: str,
    *,
    start: int | None = None,
    asks: bool = False,
    closes: bool = True,
) -> Links:
    """(from, to) → bytes of one attempt.

    ``start``: the iteration from which it goes on with an earlier attempt's shares; None where it begins at zero.
    ``asks``: the guest says at the end whether the series must be lengthened; ``closes``: this attempt opens the model.
    """
    count = _Count(plan, tuple(roles), dealer)
    count.matrices()
    if start is not None:
        count.correction(0, *plan.columns)
    if start:
        count.correction(0, *plan.columns)
        count.vectors()
    for t in range(start or 0, plan.iterations):
        count.iteration(t)
    count.scores()
    guest = roles[0]
    if asks:
        count.links.update({(guest, other): WORD for other in (*roles[1:], dealer)})
    if closes:
        count.to_one(guest, plan.held_out)
        count.to_one(guest, 1)
        for role, columns in zip(roles, plan.columns, strict=True):
            count.to_one(role, columns)
    return count.links


def sent_by(role: str, links: Links) -> Counter[str]:
    """What ``role`` sends, by receiver."""
    return Counter({to: size for (frm, to), size in links.items() if frm == role})


class _Count:
    def __init__(self, plan: Plan, roles: tuple[str, ...], dealer: str) -> None:
        self.plan, self.roles, self.dealer = plan, roles, dealer
        self.columns = dict(zip(roles, plan.columns, strict=True))
        self.all_columns = sum(plan.columns)
        self.links: Links = Counter()

    def matrices(self) -> None:
        for index, owner in enumerate(self.roles):
            self.from_one(owner, self.columns[owner] * layout(self.plan, index).rows)
        if self.plan.loss_every:
            self.from_one(self.roles[0], self.plan.rows)

    def iteration(self, t: int) -> None:
        plan, n = self.plan, self.plan.rows
        self.vectors()
        self.everybody(n)  # the opening of z
        for owner in self.roles:
            if self.columns[owner]:
                self.to_one(owner, n)  # masked residuals
        for _, turn, first, end in plan.chunks(t):
            self.links[self.dealer, last_role(self.roles, turn)] += WORD * (2 + 2 * plan.terms) * (end - first)
        self.truncation(3 * self.all_columns, t)
        if plan.loss_wanted(t):
            self.truncation(n, t)
            self.everybody(n)
            self.truncation(1, t)
            self.to_one(self.roles[0], 1)
        if plan.check_wanted(t):
            self.truncation(self.all_columns, 0)
            self.everybody(self.all_columns)
            self.truncation(1, 0)
            self.everybody(1)

    def scores(self) -> None:
        self.vectors()
        self.truncation(self.plan.rows + self.plan.held_out + 2, 0)
        self.to_one(self.roles[0], self.plan.rows)

    def vectors(self) -> None:
        for owner in self.roles:
            self.to_one(owner, self.columns[owner])

    def truncation(self, values: int, turn: int) -> None:
        self.everybody(values)
        self.correction(turn, 2 * values)

    def correction(self, turn: int, *words: int) -> None:
        self.links[self.dealer, last_role(self.roles, turn)] += WORD * sum(words)

    def everybody(self, words: int) -> None:
        for role in self.roles:
            self.from_one(role, words)

    def from_one(self, role: str, words: int) -> None:
        for other in self.roles:
            if other != role:
                self.links[role, other] += WORD * words

    def to_one(self, role: str, words: int) -> None:
        for other in self.roles:
            if other != role:
                self.links[other, role] += WORD * words

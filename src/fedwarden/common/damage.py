"""What was done to a chain of records: which one, and what kind of damage. Neither store nor file is known here."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from fedwarden.common.chain import GENESIS, AuditHead, AuditRecord

Kind = Literal["changed", "dropped", "cut", "reordered", "inserted", "duplicated", "unreadable"]
#: Digests that are tried in all to find out as which number a misplaced record was sealed.
TRIES = 200_000


class Witness(NamedTuple):
    """A head of the chain that somebody else noted (``who``): the record of that number had that digest then."""

    who: str
    head: AuditHead


class Damage(NamedTuple):
    """``seq`` to ``last`` (the same for one record); ``witness``: who noted a head that is gone or different."""

    kind: Kind
    seq: int
    last: int
    witness: str = ""


class _Placed(NamedTuple):
    """A whole record and the number it was sealed as (its own, unless somebody renumbered it)."""

    number: int
    record: AuditRecord


def find_damage(
    records: Sequence[AuditRecord], witnesses: Iterable[Witness] = (), unreadable: Sequence[int] = ()
) -> list[Damage]:
    """All damage in ``records`` (as they stand in their store), in the order of their numbers; empty: none.

    ``unreadable``: the numbers where something stands that is no record.

    A record whose content does not fit its digest was *changed*; so was one that fits, if its successor seals another
    digest. Numbers without a record were *dropped*, or *cut* when a witness saw more than there is. Two records of one
    number: the one that its successor does not seal was *inserted*, or *duplicated* when it is the same. Whole records
    in another order than their numbers were *reordered*.
    """
    placed, found = _place(records)
    genuine, extra = _genuine(placed)
    found += [*extra, *(Damage("unreadable", number, number) for number in unreadable)]
    broken = {damage.seq for damage in found if damage.kind in ("changed", "unreadable")}
    found += _unsealed(genuine, broken)
    found += _dropped(genuine, broken)
    found += _reordered([it for it in placed if genuine.get(it.number) is it.record])
    found += _witnessed(genuine, found, witnesses)
    return sorted(set(found), key=lambda damage: (damage.seq, damage.kind))


def _place(records: Sequence[AuditRecord]) -> tuple[list[_Placed], list[Damage]]:
    """Records that are whole, with the number they were sealed as; the others are changed ones."""
    placed: list[_Placed] = []
    changed: list[Damage] = []
    shift, tries = 0, TRIES
    for place, record in enumerate(records, 1):
        if record.as_number(record.seq) == record.digest:
            placed.append(_Placed(record.seq, record))
            continue
        near = (record.seq + shift, record.seq - 1, record.seq + 1, place)
        number = next((n for n in near if record.as_number(n) == record.digest), None)
        if number is None and tries > 0:
            tries -= len(records)
            number = next((n for n in range(1, len(records) + 2) if record.as_number(n) == record.digest), None)
        if number is None:
            changed.append(Damage("changed", record.seq, record.seq))
        else:
            shift = number - record.seq
            placed.append(_Placed(number, record))
    return placed, changed


def _genuine(placed: Sequence[_Placed]) -> tuple[dict[int, AuditRecord], list[Damage]]:
    """One record per number, and what else claims the same number."""
    of: dict[int, list[AuditRecord]] = defaultdict(list)
    for it in placed:
        of[it.number].append(it.record)
    genuine: dict[int, AuditRecord] = {}
    extra: list[Damage] = []
    for number, claims in of.items():
        follows = {later.previous for later in of.get(number + 1, [])}
        before = {earlier.digest for earlier in of.get(number - 1, [])}
        ranks = [(it.digest in follows, it.previous in before) for it in claims]
        chosen = genuine[number] = claims.pop(ranks.index(max(ranks)))
        for other in claims:
            extra.append(Damage("duplicated" if other.digest == chosen.digest else "inserted", number, number))
    return genuine, extra


def _unsealed(genuine: dict[int, AuditRecord], broken: set[int]) -> list[Damage]:
    """Whole records that their successor does not seal: their digest was made anew after the change."""
    torn = {
        number
        for number, record in genuine.items()
        if (before := genuine.get(number - 1)) is not None and record.previous != before.digest
    }
    # a record with a wrong link on both sides is the culprit itself; with one on its right only, so is that one
    culprits = {number if number + 1 in torn else number - 1 for number in torn} - broken
    if (first := genuine.get(1)) is not None and first.previous != GENESIS:
        culprits.add(1)
    return [Damage("changed", number, number) for number in sorted(culprits)]


def _dropped(genuine: dict[int, AuditRecord], broken: set[int]) -> list[Damage]:
    there = sorted({*genuine, *broken})
    ahead = zip([0, *there], there, strict=False)
    return [Damage("dropped", before + 1, number - 1) for before, number in ahead if number > before + 1]


def _reordered(placed: Sequence[_Placed]) -> list[Damage]:
    """The records that have to be moved to bring the numbers into order: all but a longest rising sequence."""
    numbers = [it.number for it in placed]
    if numbers == sorted(numbers):
        return []
    tails: list[int] = []
    tail_places: list[int] = []
    back: list[int] = []
    for place, number in enumerate(numbers):
        at = bisect_left(tails, number)
        back.append(tail_places[at - 1] if at else -1)
        tails[at:] = [number, *tails[at + 1 :]]
        tail_places[at:] = [place, *tail_places[at + 1 :]]
    kept, place = set(), tail_places[-1]
    while place >= 0:
        kept.add(numbers[place])
        place = back[place]
    return [Damage("reordered", number, number) for number in sorted(set(numbers) - kept)]


def _witnessed(genuine: dict[int, AuditRecord], found: Sequence[Damage], witnesses: Iterable[Witness]) -> list[Damage]:
    last = max([*genuine, *(damage.last for damage in found)], default=0)
    known = {damage.seq for damage in found}
    cut: Damage | None = None
    first: Damage | None = None
    for witness in witnesses:
        seq = witness.head.seq
        if seq > last:
            if cut is None or seq > cut.last:
                cut = Damage("cut", last + 1, seq, witness.who)
            continue
        other = seq not in known and seq in genuine and genuine[seq].digest != witness.head.digest
        if other and (first is None or seq < first.seq):  # all of it fits, and yet it was written anew
            first = Damage("changed", seq, seq, witness.who)
    return [damage for damage in (cut, first) if damage is not None]

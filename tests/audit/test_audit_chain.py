"""Whatever is done to a sealed chain is found, and called by its name and its record."""

from __future__ import annotations

import hashlib
import json

import pytest
from msgspec.structs import replace

from fedwarden.common.chain import GENESIS, AuditHead, AuditRecord, sealed
from fedwarden.common.damage import Witness, find_damage


def chain(count: int, word: str = "did") -> list[AuditRecord]:
    records: list[AuditRecord] = []
    head = AuditHead(0, GENESIS)
    for number in range(1, count + 1):
        made = sealed(head, f"2026-01-01T00:00:{number:02}Z", "regulator", word, f"job{number}", {"count": number})
        records.append(made)
        head = made.head
    return records


def again(record: AuditRecord, **changes: object) -> AuditRecord:
    """``record`` with changes and a digest that fits them."""
    made = replace(record, **changes)
    return replace(made, digest=made.as_number(made.seq))


def told(records: list[AuditRecord], *witnesses: Witness) -> list[tuple[str, int, int]]:
    return [(it.kind, it.seq, it.last) for it in find_damage(records, witnesses)]


def test_an_untouched_chain_is_whole_and_so_is_an_empty_one() -> None:
    records = chain(20)
    assert told(records, Witness("2", records[-1].head), Witness("2", records[4].head)) == []
    assert told([]) == []
    assert told([], Witness("2", AuditHead(0, GENESIS))) == []


def test_the_seal_is_the_documented_one_and_can_be_computed_elsewhere() -> None:
    record = sealed(AuditHead(0, GENESIS), "t", "监管方", "a", "s", {"b": [1, 2.5, None], "a": True})
    text = '[1,"t","\\u76d1\\u7ba1\\u65b9","a","s",{"a":true,"b":[1,2.5,null]},"' + "0" * 64 + '"]'
    assert record.digest == hashlib.sha256(text.encode()).hexdigest()
    assert json.loads(text)[6] == record.previous


@pytest.mark.parametrize("at", [0, 7, 19])
@pytest.mark.parametrize("field", ["at", "actor", "action", "subject", "details", "previous", "digest"])
def test_a_changed_record_is_named(at: int, field: str) -> None:
    records = chain(20)
    records[at] = replace(records[at], **{field: {"count": 99} if field == "details" else "0f" * 32})
    assert told(records) == [("changed", at + 1, at + 1)]


@pytest.mark.parametrize("at", [0, 7, 18])
def test_a_changed_record_with_a_new_seal_is_named_by_its_successor(at: int) -> None:
    records = chain(20)
    records[at] = again(records[at], actor="somebody else")
    assert told(records) == [("changed", at + 1, at + 1)]


def test_a_changed_last_record_with_a_new_seal_is_named_by_a_witness() -> None:
    records = chain(20)
    witness = Witness("party 2", records[-1].head)
    records[-1] = again(records[-1], actor="somebody else")
    assert told(records) == []
    assert told(records, witness) == [("changed", 20, 20)]
    assert find_damage(records, [witness])[0].witness == "party 2"


def test_a_chain_that_was_written_anew_is_named_by_a_witness() -> None:
    witness = Witness("party 2", chain(20)[11].head)
    assert told(chain(20, "did not"), witness) == [("changed", 12, 12)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 3), (8, 8), (8, 12)])
def test_dropped_records_are_named(first: int, last: int) -> None:
    records = [record for record in chain(20) if not first <= record.seq <= last]
    assert told(records) == [("dropped", first, last)]


def test_dropped_records_are_named_when_those_behind_were_numbered_anew() -> None:
    records = [replace(it, seq=it.seq - (it.seq > 8)) for it in chain(20) if it.seq != 8]
    assert told(records) == [("dropped", 8, 8)]


@pytest.mark.parametrize("left", [0, 1, 15, 19])
def test_a_cut_end_is_named_by_a_witness_only(left: int) -> None:
    records = chain(20)
    assert told(records[:left]) == []
    assert told(records[:left], Witness("party 2", records[-1].head)) == [("cut", left + 1, 20)]


def test_a_cut_end_is_named_when_the_chain_went_on_after_it() -> None:
    whole = chain(20)
    records, head = whole[:15], whole[14].head
    for _ in range(8):
        records.append(sealed(head, "later", "regulator", "did", "x", {}))
        head = records[-1].head
    assert told(records, Witness("party 2", whole[-1].head)) == [("changed", 20, 20)]


def test_reordered_records_are_named_in_a_file_and_in_a_store() -> None:
    records = chain(20)
    moved = [*records[:4], records[9], *records[4:9], *records[10:]]
    assert told(moved) == [("reordered", 10, 10)]
    swapped = chain(20)
    swapped[4], swapped[5] = replace(records[5], seq=5), replace(records[4], seq=6)  # as a store orders them
    assert [kind for kind, _, _ in told(swapped)] == ["reordered"]
    assert told(swapped)[0][1] in (5, 6)


def test_an_inserted_record_is_named() -> None:
    records = chain(20)
    false = sealed(records[7].head, "t", "regulator", "did", "x", {})
    assert told([*records[:8], false, *records[8:]]) == [("inserted", 9, 9)]


def test_an_inserted_record_is_named_when_those_behind_were_numbered_anew() -> None:
    records = chain(20)
    false = sealed(records[7].head, "t", "regulator", "did", "x", {})
    assert told([*records[:8], false, *(replace(it, seq=it.seq + 1) for it in records[8:])]) == [("inserted", 9, 9)]


def test_a_number_that_stands_twice_is_named() -> None:
    records = chain(20)
    assert told([*records[:8], records[7], *records[8:]]) == [("duplicated", 8, 8)]
    assert told([*records, records[19]]) == [("duplicated", 20, 20)]
    false = again(replace(records[7], subject="y"))
    assert told([*records[:8], false, *records[8:]]) == [("inserted", 8, 8)]


def test_several_kinds_of_damage_are_all_named() -> None:
    records = chain(30)
    records[2] = replace(records[2], actor="x")
    del records[9:11]
    assert told(records[:20], Witness("party 2", chain(30)[-1].head)) == [
        ("changed", 3, 3),
        ("dropped", 10, 11),
        ("cut", 23, 30),
    ]

"""Scripts of Pig beside pandas, and TOKENIZE and STRSPLIT beside what Java makes of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, assert_same, differential, grouped, plain, records, tables
from tests.sandbox.pig_flows import declared, pig_execute

KINDS = ("text", "whole", "number", "big", "flag")
NAMED = "A = FOREACH alpine_pig_input_1 GENERATE $0 AS t, $1 AS w, $2 AS n, $3 AS b, $4 AS f;\n"
OTHER = "B = FOREACH alpine_pig_input_2 GENERATE $0 AS t, $1 AS w;\n"
FIELDS = ("t", "w", "n", "b", "f")
SIGNS = st.text(alphabet=' ,;"()*ab日😀\t\n', max_size=9)
TEXTS = st.lists(st.one_of(st.none(), SIGNS), max_size=6).map(
    lambda texts: Random(("id", "x"), ("whole", "text"), tuple(enumerate(texts)))
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def wrapped(total: Any) -> int | None:
    """A sum as a long of Java has it."""
    return None if plain(total) is None else (int(total) + 2**63) % 2**64 - 2**63


def units(text: str) -> bytes:
    """What Java orders texts by."""
    return text.encode("utf-16-be")


@differential
@given(random=tables(*KINDS), limit=st.integers(-3, 4))
def test_filter_and_generate(bench: Bench, random: Random, limit: int) -> None:
    script = NAMED + (
        f"C = FILTER A BY w > {limit} AND n is not null; -- keeps no null\n"
        "alpine_pig_output = FOREACH C GENERATE w * 2 AS twice, (t is null ? 'none' : t) AS text, n, $4..;"
    )
    made = bench.apply(pig_execute(script), random)
    frame = random.frame
    kept = frame[(frame[1] > limit).fillna(False).astype(bool) & frame[2].notna()]
    expected = [[2 * w, "none" if t is None else t, n, f] for t, w, n, _, f in records(kept)]
    assert made.columns == ["twice", "text", "n", "f"]
    assert_same(made.rows, expected)


@differential
@given(random=tables(*KINDS), keys=st.lists(st.sampled_from([0, 1, 4]), max_size=3, unique=True))
def test_group(bench: Bench, random: Random, keys: list[int]) -> None:
    names = [FIELDS[key] for key in keys]
    by = f"BY ({', '.join(names)})" if names else "ALL"
    script = NAMED + (
        f"G = GROUP A {by};\n"
        "alpine_pig_output = FOREACH G GENERATE FLATTEN(group), COUNT(A) AS a, COUNT_STAR(A) AS s, COUNT(A.n) AS c, "
        "SUM(A.n) AS x, SUM(A.b) AS y, AVG(A.w) AS z, MIN(A.t) AS i, MAX(A.$3) AS j, SIZE(A) AS k, MAX(A.w) + 1 AS l;"
    )

    def figures(rows: pd.DataFrame) -> list[Any]:
        texts = sorted(rows[0].dropna(), key=units)
        return [
            rows[0].count(),
            len(rows),
            rows[2].count(),
            plain(rows[2].sum(min_count=1)),
            wrapped(rows[3].sum(min_count=1) if rows[3].isna().all() else sum(map(int, rows[3].dropna()))),
            plain(rows[1].mean()),
            texts[0] if texts else None,
            plain(rows[3].max()),
            len(rows),
            plain(rows[1].max() + 1),
        ]

    made = bench.apply(pig_execute(script), random)
    expected = grouped(random.frame, keys, figures) if keys else [["all", *figures(random.frame)]]
    # Of no rows, ALL makes no group.
    assert_same(made.rows, expected if random.rows else [], ordered=False)
    assert (
        made.columns[: len(keys)] == ([f"group::{name}" for name in names] if len(keys) > 1 else ["group"])[: len(keys)]
    )


@differential
@given(random=tables(*KINDS), least=st.integers(0, 3))
def test_groups_are_filtered_and_taken_apart(bench: Bench, random: Random, least: int) -> None:
    script = NAMED + (
        f"G = FILTER (GROUP A BY t) BY COUNT_STAR(A) > {least};\n"
        "alpine_pig_output = FOREACH G GENERATE group AS g, COUNT(A.w) AS c, FLATTEN(A.w) AS w;"
    )
    made = bench.apply(pig_execute(script), random)
    expected = []
    for text, rows in random.frame.groupby(0, dropna=False):
        if len(rows) > least:
            expected += [[plain(text), rows[1].count(), plain(w)] for w in rows[1]]
    assert_same(made.rows, expected, ordered=False)


@differential
@given(
    left=tables(*KINDS),
    right=tables("text", "whole"),
    side=st.sampled_from(["inner", "left", "right", "outer"]),
    keys=st.sampled_from([["w"], ["t"], ["t", "w"], ["w", "t"]]),
)
def test_join(bench: Bench, left: Random, right: Random, side: str, keys: list[str]) -> None:
    words = {"inner": "", "left": "LEFT OUTER", "right": "right", "outer": "FULL OUTER"}[side]
    by = f"({', '.join(keys)})"
    script = (
        NAMED
        + OTHER
        + (
            f"J = JOIN A BY {by} {words}, B BY {by};\n"
            "alpine_pig_output = FOREACH J GENERATE A::t, A::w, n, B::t, B::w AS v;"
        )
    )
    made = bench.apply(pig_execute(script), left, right)
    assert made.columns == ["A::t", "A::w", "A::n", "B::t", "v"]
    one = left.frame[[0, 1, 2]].set_axis(["At", "Aw", "n"], axis=1)
    other = right.frame.set_axis(["Bt", "Bw"], axis=1)
    ours, theirs = [f"A{key}" for key in keys], [f"B{key}" for key in keys]
    # pandas takes a null for the same as a null; Pig does not.
    full, whole = one.dropna(subset=ours), other.dropna(subset=theirs)
    joined = full.merge(whole, how=side, left_on=ours, right_on=theirs)
    parts = [joined]
    parts += [one.drop(full.index)] if side in {"left", "outer"} else []
    parts += [other.drop(whole.index)] if side in {"right", "outer"} else []
    expected = [row for part in parts for row in records(part.reindex(columns=["At", "Aw", "n", "Bt", "Bw"]))]
    assert_same(made.rows, expected, ordered=False)


@differential
@given(random=tables(*KINDS), down=st.tuples(st.booleans(), st.booleans()), count=st.integers(0, 14))
def test_order_and_limit(bench: Bench, random: Random, down: tuple[bool, bool], count: int) -> None:
    words = ["DESC" if is_down else "ASC" for is_down in down]
    script = NAMED + f"O = ORDER A BY t {words[0]}, n {words[1]};\nalpine_pig_output = LIMIT O {count};"
    made = bench.apply(pig_execute(script), random)
    rows = records(random.frame)
    rows.sort(key=lambda row: (row[2] is not None, row[2] or 0), reverse=down[1])
    rows.sort(key=lambda row: (row[0] is not None, units(row[0] or "")), reverse=down[0])
    assert_same(made.rows, rows[:count])


@differential
@given(left=tables("text", "whole", most=6), right=tables("text", "number", most=6))
def test_union_and_distinct(bench: Bench, left: Random, right: Random) -> None:
    script = "U = UNION alpine_pig_input_1, alpine_pig_input_2;\nalpine_pig_output = DISTINCT U;"
    made = bench.apply(pig_execute(script), left, right)
    everything = pd.concat([left.frame.astype({1: "Float64"}), right.frame]).drop_duplicates()
    assert_same(made.rows, records(everything))
    assert made.columns == list(left.names)


@differential
@given(left=tables("text", "whole"), right=tables("text", "whole"))
def test_union_by_names(bench: Bench, left: Random, right: Random) -> None:
    script = (
        "A = FOREACH alpine_pig_input_1 GENERATE $0 AS x, $1 AS y;\n"
        "B = FOREACH alpine_pig_input_2 GENERATE $1 AS y, $0 AS z;\n"
        "alpine_pig_output = UNION ONSCHEMA A, B;"
    )
    made = bench.apply(pig_execute(script), left, right)
    assert made.columns == ["x", "y", "z"]
    expected = [[x, y, None] for x, y in records(left.frame)] + [[None, y, x] for x, y in records(right.frame)]
    assert_same(made.rows, expected)


@differential
@given(random=TEXTS, delimiters=st.sampled_from([None, ",", "; ", "a日", '"()*']))
def test_tokens(bench: Bench, random: Random, delimiters: str | None) -> None:
    more = f", '{delimiters}'" if delimiters else ""
    script = (
        f"B = FOREACH alpine_pig_input_1 GENERATE $0 AS id, TOKENIZE($1{more}) AS bag;\n"
        "alpine_pig_output = FOREACH B GENERATE id, SIZE(bag) AS size, (bag is null ? 1 : 0) AS none, FLATTEN(bag);"
    )
    made = bench.apply(pig_execute(script), random)
    expected: list[list[Any]] = []
    for place, text in random.rows:
        if text is None:
            expected.append([place, None, 1, None])
            continue
        pieces = re.split(f"[{re.escape(delimiters or ' ,()*' + chr(34))}]", text)
        words = [piece for piece in pieces if piece]
        expected += [[place, len(words), 0, word] for word in words]
    assert made.columns == ["id", "size", "none", "bag::token"]
    assert_same(made.rows, expected)


@differential
@given(random=TEXTS)
def test_two_bags_give_each_pair(bench: Bench, random: Random) -> None:
    script = (
        "alpine_pig_output = FOREACH alpine_pig_input_1 GENERATE $0 AS id, FLATTEN(TOKENIZE($1)) AS one:chararray, "
        "FLATTEN(TOKENIZE($1, ',')) AS other;"
    )
    made = bench.apply(pig_execute(script), random)
    expected: list[list[Any]] = []
    for place, text in random.rows:
        one = [None] if text is None else [piece for piece in re.split(r'[ ",()*]', text) if piece]
        other = [None] if text is None else [piece for piece in text.split(",") if piece]
        expected += [[place, a, b] for a in one for b in other]
    assert_same(made.rows, expected)


def java_split(text: str, pattern: str, limit: int) -> list[str]:
    """What ``String.split`` of Java makes of a text, for patterns that match at least one character."""
    pieces, start = [], 0
    for found in re.finditer(pattern, text):
        if limit > 0 and len(pieces) == limit - 1:
            break
        pieces.append(text[start : found.start()])
        start = found.end()
    pieces.append(text[start:])
    if limit == 0 and len(pieces) > 1:
        while pieces and not pieces[-1]:
            pieces.pop()
    return pieces


@differential
@given(
    random=TEXTS,
    pattern=st.sampled_from([",", ";", "[,;]+", "a|b", "\\\\s", "日", "(a)(b)?", "\\\\(", "[^ab]"]),
    limit=st.integers(-1, 4),
)
def test_pieces(bench: Bench, random: Random, pattern: str, limit: int) -> None:
    parts = ", ".join(f"STRSPLIT($1, '{pattern}', {limit}).${i} AS p{i}" for i in range(11))
    made = bench.apply(pig_execute(f"alpine_pig_output = FOREACH alpine_pig_input_1 GENERATE {parts};"), random)
    searched = pattern.replace("\\\\", "\\").replace("\\s", "[ \\t\\n\\x0b\\f\\r]")
    expected: list[Sequence[Any]] = []
    for _, text in random.rows:
        pieces: list[str] = [] if text is None else java_split(text, searched, limit)
        expected.append([*pieces, *[None] * (11 - len(pieces))])
    assert_same(made.rows, expected)


@differential
@given(random=tables("text", "whole", "number"))
def test_declared_columns(bench: Bench, random: Random) -> None:
    columns = declared(("a", "chararray"), ("b", "chararray"), ("c", "int"), ("d", "double"))
    made = bench.apply(pig_execute("alpine_pig_output = alpine_pig_input_1;", columns), random)
    assert made.columns == ["a", "b", "c", "d"]
    # The output is a file of texts: an empty one is a null, and a number with a fraction loses it as an int.
    expected = [
        [t or None, None if w is None else str(w), None if n is None else int(n), None]
        for t, w, n in records(random.frame)
    ]
    assert_same(made.rows, expected)

"""Scripts of Pig: their language, their inputs and outputs, and what is refused of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.database import PLACE
from tests.sandbox.engine_flows import errors, flow, node, outcome, rows, run, source
from tests.sandbox.pig_flows import declared, pig_execute
from tests.sandbox.pig_table import GROUPED, is_equal, read_cases

ONE, TWO = "alpine_pig_input_1", "alpine_pig_input_2"
OUT = "alpine_pig_output"
SHARED = [folder / "shared" / "facts" / "pig_cases.tsv" for folder in Path(__file__).parents[2:4]]
FACTS = Path(os.environ.get("ALPINE_PIG_CASES") or next((path for path in SHARED if path.exists()), SHARED[0]))
EVENTS = pd.DataFrame(
    {
        "eventid": ["e1", "e2", "e3", "e4"],
        "a": ["one two", "", None, "x"],
        "b": [" three", "", "lost", ","],
        "c": [",four", "", "lost", " "],
        "d": ["(five)", "", "lost", "y*"],
    }
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("people", pd.DataFrame({"id": [1, 2, 3], "name": ["Ann", None, "Zoë"], "team": ["x", "x", None]}))
    engine.load_table("points", pd.DataFrame({"id": [1, 1, 4], "score": [2.5, None, 7.0]}))
    engine.load_table("events", EVENTS)
    yield engine
    engine.close()


def ran(
    engine: Engine, *script: str, tables: tuple[str, ...] = ("people", "points"), more: str = "", **said: Any
) -> Any:
    """The results document of a script."""
    sources = [source(table, f"source {i}") for i, table in enumerate(tables)]
    links = ", ".join(f"source {i} > step" for i, _ in enumerate(tables))
    step = pig_execute("\n".join(script), *([more] if more else []), **said)
    return run(engine, flow(*sources, step, links=links))


def left(engine: Engine, *script: str, **said: Any) -> tuple[list[str], list[list[str]]]:
    """The columns and the cells that a script leaves."""
    entry = outcome(ran(engine, *script, **said), "step")
    return entry["visualData"]["columns"], rows(entry)


def refused(engine: Engine, *script: str, **said: Any) -> str:
    """Why a script is refused, before anything runs."""
    document = ran(engine, *script, **said)
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 0
    [reason] = errors(document)
    return reason


WORDS = (
    "bag1 = FOREACH alpine_pig_input_1 GENERATE eventid, TOKENIZE(CONCAT(CONCAT(CONCAT(a,b),c),d)) AS bagged;",
    "B = FOREACH bag1 GENERATE eventid, FLATTEN(bagged);",
    "STORE B INTO '/tmp/@user_name/words';",
)


def test_words_are_stored_as_older_files_do_it(engine: Engine):
    columns = declared(("event", "chararray"), ("word", "chararray"))
    made = left(
        engine, *WORDS, tables=("events",), more=columns, resultsLocation="/tmp/@user_name", resultsName="words"
    )
    words = ["one", "two", "three", "four", "five"]
    expected = [["e1", word] for word in words] + [["e3", ""], ["e4", "x"], ["e4", "y"]]
    assert made == (["event", "word"], expected)


def test_a_later_operator_reads_the_declared_columns(engine: Engine):
    columns = declared(("event", "chararray"), ("word", "chararray"))
    keep = node("keep", "field.FilterOperator", whereClause="word = 'x'")
    step = pig_execute("\n".join(WORDS), columns)
    document = run(engine, flow(source("events"), step, keep, links="source > step, step > keep"))
    assert rows(outcome(document, "keep")) == [["e4", "x"]]
    wrong = node("keep", "field.ColumnFilterOperator", columnNames="nothing")
    document = run(engine, flow(source("events"), step, wrong, links="source > step, step > keep"))
    assert errors(document) == ["There is no column 'nothing'. The columns are: event, word."]
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 0


@pytest.mark.parametrize(
    ("script", "columns", "expected"),
    [
        # Words of the language in any capitals, comments, several lines, and no semicolon at the end.
        (f"x = foreach {ONE}\n generate id -- ; no\n as Key; /* ;\n */ {OUT} = limit x 1", ["Key"], [["1"]]),
        # Aliases, and a relation that is made anew of itself.
        (f"a = {ONE}; a = FILTER a BY id > 2; {OUT} = a;", ["id", "name", "team"], [["3", "Zoë", ""]]),
        (f"{OUT} = FOREACH (FILTER {ONE} BY name is null) GENERATE $0, $1..;", None, [["2", "", "x"]]),
        (f"{OUT} = FOREACH {ONE} GENERATE (chararray)id, * ;", None, "two fields would be called id"),
        (f"{OUT} = FOREACH {ONE} GENERATE id AS n:double, (int)id;", ["n", "id"], None),
        (f"{OUT} = FOREACH {ONE} GENERATE ..name AS (i:long, n);", ["i", "n"], None),
        (f"{OUT} = FOREACH {ONE} GENERATE CONCAT('it\\'s; ', name) AS n;", ["n"], [["it's; Ann"], [""], ["it's; Zoë"]]),
        # The names behind a join.
        (
            f"J = JOIN {ONE} BY id, {TWO} BY id; {OUT} = FOREACH J GENERATE {TWO}::id AS n, score;",
            ["n", f"{TWO}::score"],
            [["1", "2.5000"], ["1", ""]],
        ),
        (
            f"A = {ONE}; J = JOIN A BY id, {TWO} BY id; K = FILTER J BY score > 1 AND A::id == 1; {OUT} = K;",
            ["A::id", "A::name", "A::team", f"{TWO}::id", f"{TWO}::score"],
            [["1", "Ann", "x", "1", "2.5000"]],
        ),
        (f"{OUT} = JOIN {ONE} BY (id, 1) LEFT, {TWO} BY (id, 1) USING 'skewed' PARALLEL 4;", None, None),
        # A group of one field, of several, and of all.
        (f"G = GROUP {ONE} BY (team); {OUT} = FOREACH G GENERATE group, COUNT({ONE}) AS n;", ["group", "n"], None),
        (
            f"G = GROUP {ONE} BY (team, id % 2) PARALLEL 2; {OUT} = FOREACH G GENERATE group.team, group.$1 AS odd;",
            ["team", "odd"],
            [["", "1"], ["x", "0"], ["x", "1"]],
        ),
        (f"G = GROUP {ONE} BY (team, id); {OUT} = FOREACH G GENERATE FLATTEN(group) AS (t, i:int);", ["t", "i"], None),
        (f"G = GROUP {ONE} ALL; {OUT} = FOREACH G GENERATE MAX($1.name) AS m;", ["m"], [["Zoë"]]),
        (
            f"G = GROUP {ONE} ALL; {OUT} = FOREACH G GENERATE $0 AS g, FLATTEN($1) AS (a, b, c);",
            ["g", "a", "b", "c"],
            None,
        ),
        (f"G = GROUP {ONE} BY team; {OUT} = FOREACH G GENERATE IsEmpty($1) ? 1 : 0 AS e;", ["e"], [["0"], ["0"]]),
        # Nothing but an empty bag makes no row.
        (f"{OUT} = FOREACH {ONE} GENERATE id, FLATTEN(TOKENIZE('')) AS w;", ["id", "w"], []),
        (
            f"{OUT} = FOREACH {ONE} GENERATE id, FLATTEN(TOKENIZE(name)) AS w;",
            ["id", "w"],
            [["1", "Ann"], ["2", ""], ["3", "Zoë"]],
        ),
        (
            f"{OUT} = FOREACH {ONE} GENERATE FLATTEN(STRSPLIT(name, 'n', 2)) AS (p, q), id;",
            None,
            "STRSPLIT makes another",
        ),
        (f"{OUT} = FOREACH {ONE} GENERATE id, FLATTEN(STRSPLIT(name, 'n', 2)) AS (p, q);", ["id", "p", "q"], None),
        (f"{OUT} = ORDER {ONE} BY *;", None, None),
        (f"{OUT} = ORDER {ONE} BY team ASC, $0 DESC;", None, [["3", "Zoë", ""], ["2", "", "x"], ["1", "Ann", "x"]]),
        (f"{OUT} = FOREACH {ONE} GENERATE null AS nothing, TRUE AS b;", ["nothing", "b"], None),
        # A text in place of a statement, and a brace in a text, are none.
        (f"{OUT} = FOREACH {ONE} GENERATE 'a = LOAD {{x}}; -- no' AS t;", ["t"], [["a = LOAD {x}; -- no"]] * 3),
    ],
)
def test_a_script_gives_what_pig_gives(engine: Engine, script: str, columns: Any, expected: Any):
    if isinstance(expected, str):
        assert expected in " ".join(errors(ran(engine, script)))
        return
    found, cells = left(engine, script)
    assert columns is None or found == columns
    assert expected is None or cells == expected


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a = »LOAD 'x';", "no LOAD"),
        ("\n  »LOAD 'x';", "no LOAD"),
        *(
            (f"»{word} A;", f"no {word}")
            for word in ("DEFINE", "REGISTER", "SPLIT", "DUMP", "DESCRIBE", "SET", "IMPORT")
        ),
        ("»%default a 'b';", "no %DEFAULT"),
        *(
            (f"/* ; */ b = »{word.lower()} {ONE} x;", f"no {word}")
            for word in ("SAMPLE", "CROSS", "COGROUP", "CUBE", "RANK", "MAPREDUCE", "STREAM", "NATIVE", "LOAD")
        ),
        (f"b = »GROUP {ONE} BY id, {TWO} BY id;", "COGROUP"),
        (f"b = GROUP {ONE} BY id USING »'collected';", "no USING 'collected'"),
        (f"b = FOREACH {ONE} »{{ c = LIMIT $1 1; GENERATE c; }};", "nested block"),
        (f"b = FOREACH {ONE} GENERATE id AS x:bag»{{}};", "braces"),
        (f"b = FOREACH {ONE} GENERATE\n  »org.example.Up(name);", "org.example.Up of Java"),
        (f"b = FOREACH {ONE} GENERATE\n  »Up(name);", "does not know the Pig function Up"),
        (f"b = FOREACH {ONE} GENERATE id +» ;", "ends too soon"),
        (f"b = FOREACH {ONE} GENERATE »nam;", "there is no field nam; the fields are: id, name, team"),
        (f"b = FOREACH {ONE} GENERATE »NAME;", "no field NAME, but name; names are case-sensitive"),
        (f"b = FOREACH {ONE} GENERATE »$3;", "$3 is beyond the 3 fields"),
        (f"b = FOREACH {ONE} GENERATE id AS x:»integer;", "the type integer"),
        (f"b = FOREACH {ONE} GENERATE id AS (x, »y);", "AS names 2 fields, and this is one"),
        (f"b = FOREACH {ONE} GENERATE »SUM(id);", "SUM takes a bag; GROUP the relation first"),
        (f"b = FOREACH {ONE} GENERATE {TWO}.»id;", "no such field of a tuple"),
        (f"b = FILTER {ONE} BY id »= 3;", "equality is =="),
        (f"b = FILTER {ONE} BY »id;", "a condition is wanted"),
        ("b = FILTER »alpine_pig_input_3 BY id == 3;", "no relation alpine_pig_input_3, perhaps"),
        (f"b = »JOIN {ONE} BY id, {TWO} BY (id, score);", "have 1 and 2 fields"),
        (f"b = JOIN {ONE} BY »name, {TWO} BY id;", "JOIN takes no chararray with a long"),
        (f"b = »JOIN {ONE} BY id, {ONE} BY id;", "reads alpine_pig_input_1 twice"),
        (f"b = JOIN {ONE} BY id »USING 'merge', {TWO} BY id;", "cannot stand here"),
        (f"b = JOIN {ONE} BY id, {TWO} BY id USING »'merge';", "no USING 'merge'"),
        (f"b = JOIN {ONE} BY id »OUTER, {TWO} BY id;", "before OUTER"),
        (f"b = JOIN {ONE} BY id, {TWO} BY id; c = FILTER b BY »id == 1;", "id can be each of"),
        (f"b = »UNION {ONE}, {TWO};", "have 3, 2 fields"),
        (f"a = FOREACH {ONE} GENERATE name; b = FOREACH {ONE} GENERATE id; c = »UNION a, b;", "the field name"),
        (f"b = ORDER {ONE} BY »id + 1;", "ORDER BY takes fields"),
        (f"b = LIMIT {ONE} »id;", "there is no column id"),
        (f"b = LIMIT {ONE} »-1;", "LIMIT takes a whole number"),
        (f"g = GROUP {ONE} BY id; b = ORDER »g BY group;", "g cannot be read here: it is grouped"),
        (f"g = GROUP {ONE} BY id; b = FOREACH g GENERATE »name;", "a group has the fields group and"),
        (f"g = GROUP {ONE} BY (id, name); b = FOREACH g GENERATE »group;", "FLATTEN(group)"),
        (f"g = GROUP {ONE} BY id; b = FOREACH g GENERATE {ONE}.»name;", "a bag cannot stand here"),
        (f"g = GROUP {ONE} BY id; b = FOREACH g GENERATE »SUM({ONE}.name);", "SUM takes no chararray"),
        (f"b = FOREACH {ONE} GENERATE FLATTEN(»STRSPLIT(name));", "only with AS"),
        (f"b = FOREACH {ONE} GENERATE FLATTEN(STRSPLIT(name, »'(?=x)')) AS (a, b);", "regular expressions"),
        (f"b = FOREACH {ONE} GENERATE TOKENIZE(name, »name) AS x;", "delimiters of TOKENIZE"),
        (f"b = FOREACH {ONE} GENERATE »'x;", "a text is not ended"),
        (f"b = {ONE}; »/* x", "a comment is not ended"),
        (f"b = foo»({ONE});", "cannot stand here"),
        ("what »is this;", "cannot stand here"),
    ],
)
def test_a_script_is_refused_with_its_place(engine: Engine, script: str, words: str):
    before = script.partition("»")[0].split("\n")
    reason = refused(engine, script.replace("»", ""), f"{OUT} = {ONE};")
    assert words in reason
    assert f"The Pig script, line {len(before)}, column {len(before[-1]) + 1} (" in reason


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"b = {ONE};", "its last statement should be alpine_pig_output = ...;"),
        (f"{OUT} = GROUP {ONE} BY id;", "is grouped"),
        (f"{OUT} = FOREACH {ONE} GENERATE id + 1;", "The field $0 of the output has no name; give it one with AS"),
        (f"{OUT} = FOREACH {ONE} GENERATE TOKENIZE(name) AS bag;", "The field bag of the output is a bag"),
        (f"{OUT} = FOREACH {ONE} GENERATE id AS a, id AS A;", "differ in capitals alone"),
        ("", "no Pig script"),
    ],
)
def test_a_script_without_an_output_is_refused(engine: Engine, script: str, words: str):
    assert words in refused(engine, script)


def test_what_is_stored_elsewhere_is_no_output(engine: Engine):
    script = f"STORE {ONE} INTO '/tmp/other' USING PigStorage(',');"
    where = {"resultsLocation": "/tmp/ann", "resultsName": "own"}
    assert "stored under /tmp/ann/own" in refused(engine, script, **where)
    more = f"STORE {TWO} INTO 'hdfs://host/tmp/ann/own/';"
    assert left(engine, script, more, **where)[0] == ["id", "score"]
    assert left(engine, script)[0] == ["id", "name", "team"]
    assert "under one path alone" in refused(engine, script, more)


def test_inputs_have_the_names_that_the_operator_gives_them(engine: Engine):
    script = f"{OUT} = FOREACH (JOIN ours BY id, theirs BY id) GENERATE ours::id, score;"
    inputs = {"id of source 1": "theirs", "id of source 0": "ours"}
    columns, cells = left(engine, script, inputs=inputs)
    assert (columns, cells) == (["ours::id", "theirs::score"], [["1", "2.5000"], ["1", ""]])
    # Which of them is the first one is not certain where the operator lists them in another order than the links.
    assert "no relation alpine_pig_input_1" in refused(engine, f"{OUT} = {ONE};", inputs=inputs)


def test_what_nothing_reads_is_checked_and_not_computed(engine: Engine):
    script = f"lost = FOREACH {ONE} GENERATE id % 0 AS x; {OUT} = {ONE};"
    assert len(left(engine, script)[1]) == 3
    script = f"lost = FOREACH {ONE} GENERATE x; {OUT} = {ONE};"
    assert "no field x" in refused(engine, script)
    assert "% by zero" in " ".join(errors(ran(engine, f"{OUT} = FOREACH {ONE} GENERATE id % 0 AS x;")))


def test_a_script_is_checked_before_its_inputs_are_known(engine: Engine):
    pivot = node("pivot", "hadoop.HadoopPivotOperator", pivotColumn="team", groupByColumn="id", aggregateType="max")
    step = pig_execute(f"b = LOAD 'x'; {OUT} = {ONE};")
    document = run(engine, flow(source("people"), pivot, step, links="source > pivot, pivot > step"))
    assert "no LOAD" in " ".join(errors(document))
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 0
    step = pig_execute(f"{OUT} = FILTER {ONE} BY team_x == 1.0;")
    document = run(engine, flow(source("people"), pivot, step, links="source > pivot, pivot > step"))
    assert rows(outcome(document, "step")) == [["1", "1.0000"], ["2", "1.0000"]]


def test_large_and_deep_scripts_end(engine: Engine):
    assert "too large" in refused(engine, "x" * 300_000)
    assert "too deep" in refused(
        engine, f"{OUT} = FOREACH {'(FILTER ' * 3000}{ONE}{' BY id == 1)' * 3000} GENERATE id;"
    )
    steps = [f"a{i + 1} = FOREACH a{i} GENERATE id + 1 AS id;" for i in range(200)]
    assert left(engine, f"a0 = {ONE};", *steps, f"{OUT} = a200;")[1] == [["201"], ["202"], ["203"]]


@pytest.mark.skipif(not FACTS.exists(), reason="the table of a real Pig is not there (ALPINE_PIG_CASES names it)")
def test_aggregates_are_those_of_a_real_pig():
    engine, caught = Engine(), list[list[Any]]()

    def catch(context: Context) -> Output:
        context.needs_rows()
        caught.append(context.cursor.fetch(f"SELECT * EXCLUDE ({PLACE}) FROM {context.table.rows} ORDER BY {PLACE}"))
        return Output(context.table)

    engine.register("test.Catch", catch)
    data = pd.DataFrame(
        {
            "g": ["a", "a", "a", "b"],
            "x": pd.array([1, 2, None, None], "Int32"),
            "y": [1.5, None, 2.5, None],
            "z": ["p", "q", None, " "],
        }
    )
    engine.load_table("m", data, types={"x": "integer"} if GROUPED["x"] == "INTEGER" else {})
    compared = 0
    for case in read_cases(FACTS):
        if not case.expression.startswith("AGG "):
            continue
        items = [f"{part.strip()} AS c{i}" for i, part in enumerate(_top_level(case.expression[4:]))]
        step = pig_execute(f"{OUT} = FOREACH (GROUP {ONE} BY g) GENERATE group AS g, {', '.join(items)};")
        caught.clear()
        run(engine, flow(source("m"), step, node("catch", "test.Catch"), links="source > step, step > catch"))
        assert not (case.stops and caught), case.expression
        if caught:
            assert is_equal(case, caught[0]), (case, caught[0])
            compared += 1
    engine.close()
    assert compared >= 12


def _top_level(text: str) -> list[str]:
    parts, depth = [""], 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts

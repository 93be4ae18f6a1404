"""Expressions and rows that hypothesis makes, by the types of PostgreSQL."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

COLUMNS = {
    "id": "integer",
    "g": "text",
    "i": "integer",
    "k": "smallint",
    "b": "bigint",
    "n": "numeric(10,2)",
    "m": "numeric(12,4)",
    "d": "double precision",
    "s": "text",
    "u": "text",
    "f": "boolean",
    "dt": "date",
    "ts": "timestamp",
    "iv": "interval",
}
_TEXTS = [
    "",
    " ",
    "a",
    "A",
    "ab",
    "abc",
    "Beta 42",
    "a_c",
    "a%c",
    "a\\c",
    "x'y",
    "école",
    "12",
    "-3",
    " 7 ",
    "1.5",
    "été 日本",
]
_NUMBERS = ["0.00", "1.50", "-12.34", "100.00", "0.01", "-0.05", "99999999.99", "2.50", "-2.50", "7.77"]
_FINE = ["0.0000", "2.2500", "-0.0625", "3.1416", "12345.6789", "0.0001", "-7.5000"]
_DOUBLES = [0.0, 1.5, -2.75, 0.125, 250.5, 7.0, 2.5, 3.5, -0.5, 1e10, 1e-5, 123456.789]
_DAYS = ["2013-04-19", "2012-02-29", "1999-12-31", "2000-01-01", "2021-06-15"]
_TIMES = ["2013-04-19 10:20:30.5", "2012-12-31 23:59:59", "2000-01-01 00:00:00", "1999-12-31 12:34:56.789012"]
_SPANS = ["1 day 02:03:04", "2 mons 10 days", "-1 days", "1 year 3 mons", "00:30:00"]


def rows() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows of the table, with nulls and ties."""
    columns = [
        st.sampled_from("ab"),
        st.sampled_from([0, 1, 2, 3, 7, -5, 100, 2147483647]),
        st.sampled_from([0, 1, 2, -4, 300]),
        st.sampled_from([0, 1, 10, -5, 3000000000, 42]),
        st.sampled_from(_NUMBERS),
        st.sampled_from(_FINE),
        st.sampled_from(_DOUBLES),
        st.sampled_from(_TEXTS),
        st.sampled_from(_TEXTS),
        st.booleans(),
        st.sampled_from(_DAYS),
        st.sampled_from(_TIMES),
        st.sampled_from(_SPANS),
    ]
    nullable = [columns[0], *(st.one_of(column, column, column, st.none()) for column in columns[1:])]
    return st.lists(st.tuples(*nullable), min_size=1, max_size=5).map(
        lambda made: [(place, *row) for place, row in enumerate(made, 1)]
    )


_RULES: dict[str, list[str]] = {
    "int": [
        "i",
        "k",
        "0",
        "1",
        "2",
        "3",
        "10",
        "-1",
        "{int} + {int}",
        "{int} - {int}",
        "{int} * {int}",
        "{int} / {int}",
        "{int} % {int}",
        "-({int})",
        "abs({int})",
        "mod({int}, {int})",
        "length({text})",
        "strpos({text}, {text})",
        "case when {bool} then {int} else {int} end",
        "coalesce({int}, {int})",
        "nullif({int}, {int})",
        "greatest({int}, {int})",
        "({num})::int",
        "({dbl})::int",
        "({bool})::int",
        "ascii({text})",
        "({date} - {date})",
        "position({text} in {text})",
        "({int})::smallint",
        "width_bucket({num}, 0, 10, 4)",
        "{int} & {int}",
        "{int} | 3",
    ],
    "num": [
        "n",
        "m",
        "1.5",
        "0.25",
        "100.00",
        "-2.50",
        "{num} + {num}",
        "{num} - {num}",
        "{num} * {num}",
        "{num} / {num}",
        "{num} % {num}",
        "{num} + {int}",
        "{int} / {num}",
        "{num} * {int}",
        "round({num}, 1)",
        "round({num}, 3)",
        "round({num})",
        "trunc({num}, 1)",
        "trunc({num})",
        "ceil({num})",
        "floor({num})",
        "abs({num})",
        "-({num})",
        "({int})::numeric",
        "({num})::numeric(12,1)",
        "({int})::numeric(10,2)",
        "({dbl})::numeric",
        "sqrt({num})",
        "ln({num})",
        "case when {bool} then {num} else {num} end",
        "case when {bool} then {num} else 0 end",
        "coalesce({num}, {num})",
        "coalesce({num}, 0)",
        "greatest({num}, {num})",
        "least({num}, {int})",
        "nullif({num}, {num})",
        "({text})::numeric",
        "sign({num})",
        "power({num}, 2)",
        "{int} * 1.0 / {int}",
        "b * 1.5",
        "extract(year from {date})",
        "extract(second from {time})",
        "extract(epoch from {span})",
        "div({num}, {num})",
    ],
    "dbl": [
        "d",
        "1.5::float8",
        "0.1::float8",
        "{dbl} + {dbl}",
        "{dbl} - {dbl}",
        "{dbl} * {dbl}",
        "{dbl} / {dbl}",
        "{dbl} * {int}",
        "{dbl} + {num}",
        "{int} / {dbl}",
        "sqrt({dbl})",
        "exp({dbl})",
        "ln({dbl})",
        "log({dbl})",
        "abs({dbl})",
        "-({dbl})",
        "round({dbl})",
        "floor({dbl})",
        "ceil({dbl})",
        "trunc({dbl})",
        "power({dbl}, {int})",
        "({num})::float8",
        "({int})::float8",
        "case when {bool} then {dbl} else {num} end",
        "coalesce({dbl}, {int})",
        "sign({dbl})",
        "greatest({dbl}, {num})",
        "date_part('month', {time})",
        "({dbl})::real",
        "{int} ^ 2",
        "degrees({dbl})",
        "sin({dbl})",
        "atan2({dbl}, {dbl})",
        "date_part('day', {span})",
        "({text})::float8",
    ],
    "text": [
        "s",
        "u",
        "'a'",
        "''",
        "'Beta'",
        "{text} || {text}",
        "{text} || {int}",
        "{num} || {text}",
        "upper({text})",
        "lower({text})",
        "initcap({text})",
        "substr({text}, {int})",
        "substr({text}, {int}, {int})",
        "substring({text} from 2 for 3)",
        "left({text}, {int})",
        "right({text}, {int})",
        "lpad({text}, 6, '*')",
        "rpad({text}, 6, {text})",
        "btrim({text})",
        "ltrim({text}, {text})",
        "replace({text}, {text}, {text})",
        "reverse({text})",
        "repeat({text}, 3)",
        "split_part({text}, ' ', 1)",
        "translate({text}, 'abc', 'xy')",
        "({int})::text",
        "({num})::text",
        "({dbl})::text",
        "({bool})::text",
        "({date})::text",
        "({time})::text",
        "({span})::text",
        "concat({text}, {int}, {num})",
        "concat_ws('-', {text}, {int})",
        "coalesce({text}, {text})",
        "case when {bool} then {text} else {text} end",
        "nullif({text}, {text})",
        "greatest({text}, {text})",
        "regexp_replace({text}, '[aeiou]', '#', 'g')",
        "substring({text} from '[0-9]+')",
        "({text})::varchar(3)",
        "({text})::char(3)::text",
        "to_char({date}, 'YYYY-MM-DD Dy')",
        "to_char({time}, 'HH24:MI:SS.MS')",
        "md5({text})",
        "to_char({num}, '9999.99')",
        "to_char({int}, '000')",
        "to_char({num}, 'FM9990.0')",
        "to_hex({int})",
        "overlay({text} placing {text} from 2)",
        "trim(both 'a' from {text})",
    ],
    "bool": [
        "f",
        "true",
        "false",
        "{int} = {int}",
        "{int} < {num}",
        "{num} >= {num}",
        "{dbl} > {num}",
        "{text} = {text}",
        "{text} < {text}",
        "{text} like 'a%'",
        "{text} like {text}",
        "{text} ilike '%B%'",
        "{text} ~ '^[a-c]+$'",
        "{text} ~* 'B'",
        "{text} !~ '[0-9]'",
        "{text} similar to '(a|b)%'",
        "({bool} and {bool})",
        "({bool} or {bool})",
        "not ({bool})",
        "({int}) is null",
        "({text}) is not null",
        "({bool}) is true",
        "({bool}) is not false",
        "{int} in ({int}, {int}, null)",
        "{int} not in (1, 2)",
        "{num} between {num} and {num}",
        "({int}) is distinct from ({int})",
        "{date} < {date}",
        "{time} >= {date}",
        "{span} > {span}",
        "{date} = '2013-04-19'",
        "({int} <> 0 and 10 / ({int}) > 1)",
        "{int} = any(array[1, 2, 3])",
        "{text} in ('a', 'ab')",
        "starts_with({text}, 'a')",
    ],
    "date": [
        "dt",
        "date '2013-04-19'",
        "{date} + {int}",
        "{date} - {int}",
        "({time})::date",
        "coalesce({date}, {date})",
        "case when {bool} then {date} end",
        "greatest({date}, {date})",
        "to_date('19/04/2013', 'DD/MM/YYYY')",
        "date_trunc('month', {time})::date",
    ],
    "time": [
        "ts",
        "timestamp '2013-04-19 10:20'",
        "{time} + {span}",
        "{time} - {span}",
        "{date} + {span}",
        "({date})::timestamp",
        "date_trunc('month', {time})",
        "date_trunc('week', {time})",
        "date_trunc('hour', {time})",
        "coalesce({time}, {date})",
        "case when {bool} then {time} else {date} end",
    ],
    "span": [
        "iv",
        "interval '1 day'",
        "interval '2 months'",
        "{time} - {time}",
        "{span} + {span}",
        "-({span})",
        "age({time}, {time})",
        "{span} * 2",
        "coalesce({span}, {span})",
    ],
}
_AGGREGATES = [
    "count(*)",
    "count({int})",
    "count(distinct {text})",
    "sum({int})",
    "sum(b)",
    "sum({num})",
    "sum({dbl})",
    "avg({int})",
    "avg({num})",
    "avg({dbl})",
    "min({num})",
    "max({text})",
    "min({date})",
    "max({dbl})",
    "stddev({int})",
    "variance({num})",
    "stddev_pop({int})",
    "bool_and({bool})",
    "bool_or({bool})",
    "string_agg({text}, ',' order by id)",
    "string_agg(s, '|' order by s desc, id)",
    "array_agg({int} order by id)",
    "sum({int}) filter (where {bool})",
    "percentile_cont(0.5) within group (order by {dbl})",
    "percentile_disc(0.25) within group (order by {int})",
    "mode() within group (order by {int})",
    "round(avg({num}), 2)",
    "sum({num}) / count(*)",
    "max({int}) - min({int})",
    "sum(case when {bool} then {num} else 0 end)",
    "coalesce(sum({int}), 0)",
    "count(*) filter (where {bool})",
]
_WINDOWS = [
    "row_number() over (order by {text} desc, id)",
    "rank() over (order by {int})",
    "dense_rank() over (order by {text} desc)",
    "rank() over (partition by g order by {num} desc)",
    "lag({int}) over (order by id)",
    "lead({text}, 1, 'z') over (order by id)",
    "sum({int}) over (order by id)",
    "sum({num}) over (partition by g)",
    "avg({num}) over (order by {int}, id)",
    "first_value({text}) over (order by {int} desc, id)",
    "last_value({int}) over (order by g, id)",
    "ntile(2) over (order by id)",
    "count(*) over (partition by {bool})",
    "max({num}) over (order by id rows between 1 preceding and current row)",
    "percent_rank() over (order by {int})",
    "cume_dist() over (order by {date})",
    "{num} / sum({num}) over ()",
    "sum({int}) over (order by {int})",
    "nth_value({int}, 2) over (order by id)",
    "lag({num}, 1, 0) over (order by id)",
]


@st.composite
def expressions(draw: st.DrawFn, kind: str = "", depth: int = 3) -> str:
    """An expression of a type, of any when none is named."""
    rules = _RULES[kind or draw(st.sampled_from(sorted(_RULES)))]
    return _filled(draw, draw(st.sampled_from(rules if depth else [rule for rule in rules if "{" not in rule])), depth)


@st.composite
def aggregates(draw: st.DrawFn) -> str:
    """An aggregate of expressions."""
    return _filled(draw, draw(st.sampled_from(_AGGREGATES)), 2)


@st.composite
def windows(draw: st.DrawFn) -> str:
    """A window function of expressions."""
    return _filled(draw, draw(st.sampled_from(_WINDOWS)), 2)


def _filled(draw: st.DrawFn, rule: str, depth: int) -> str:
    parts = rule.split("{")
    out = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        inner = draw(expressions(name, depth - 1))
        out += (inner if inner.isalnum() else f"({inner})") + rest
    return out


def constants() -> st.SearchStrategy[str]:
    """Expressions in which parts without a column fail, of the columns of the table of the judge."""
    return st.one_of(_partly_constant(2), _partly_constant_test(2))


_NUMBERS_OR_FAILURES = ["1", "2", "0", "i", "j", "1 / 0", "null::int", "i2::int", "-3", "sqrt(-1)::int", "length(s)"]
_NUMBERS_OR_FAILURES += ["2147483647 + 1", "'x'::text::int", "(2 - 2)", "now()::text::int"]
_TRUTHS_OR_FAILURES = ["true", "false", "null::bool", "f", "i = 1", "1 / 0 = 1", "1 = 1", "1 = 2", "s like 'a%'"]
_OF_NUMBERS = ["({0} + {1})", "({0} / {1})", "case {0} when {1} then {2} else {0} end", "coalesce({0}, {1}, {2})"]
_OF_NUMBERS += ["nullif({0}, {1})", "greatest({0}, {1})", "abs({0})", "length(concat({0}, 'a'))", "length({0} || s)"]
_TESTS_OF_NUMBERS = ["({0} = {1})", "({0} < {1})", "({0} is null)", "({0} is distinct from {1})", "({0} in ({1}, {2}))"]
_TESTS_OF_NUMBERS += ["({0} not in ({1}, {2}))", "({0} between {1} and {2})", "({0} between symmetric {1} and {2})"]
_TESTS_OF_NUMBERS += ["({0} = any(array[{1}, {2}]))", "({0} < all(array[{1}, {2}]))", "(({0}, {1}) = ({2}, {0}))"]
_TESTS_OF_NUMBERS += ["(({0}, {1}) < ({2}, {1}))", "(row({0}, {1}) is null)", "(row({0}, {1}) is not null)"]
_TESTS_OF_TRUTHS = ["({0} and {1})", "({0} or {1})", "({0} and {1} and {2})", "({0} or {1} or {2})", "(not {0})"]
_TESTS_OF_TRUTHS += ["({0} is not true)"]


def _partly_constant(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(_NUMBERS_OR_FAILURES)
    if depth == 0:
        return leaves
    inner, test = _partly_constant(depth - 1), _partly_constant_test(depth - 1)
    return st.one_of(
        leaves,
        st.builds(str.format, st.sampled_from(_OF_NUMBERS), inner, inner, inner),
        st.builds("case when {} then {} when {} then {} end".format, test, inner, test, inner),
        st.builds("case when {} then {} else {} end".format, test, inner, inner),
    )


def _partly_constant_test(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(_TRUTHS_OR_FAILURES)
    if depth == 0:
        return leaves
    inner, number = _partly_constant_test(depth - 1), _partly_constant(depth - 1)
    return st.one_of(
        leaves,
        st.builds(str.format, st.sampled_from(_TESTS_OF_TRUTHS), inner, inner, inner),
        st.builds(str.format, st.sampled_from(_TESTS_OF_NUMBERS), number, number, number),
    )

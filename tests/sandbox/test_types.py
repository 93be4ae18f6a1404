"""The names of types, in all their spellings."""

from __future__ import annotations

import duckdb
import pytest

from alpine.sandbox.engine.types import UnknownType, of_flow, pig, postgres


@pytest.mark.parametrize(
    ("spelling", "name", "sql"),
    [
        ("smallint", "smallint", "SMALLINT"),
        ("INT2", "smallint", "SMALLINT"),
        ("int", "integer", "INTEGER"),
        ("int4", "integer", "INTEGER"),
        ("serial", "integer", "INTEGER"),
        ("int8", "bigint", "BIGINT"),
        ("BigSerial", "bigint", "BIGINT"),
        ("REAL", "real", "FLOAT"),
        ("float4", "real", "FLOAT"),
        ("float(24)", "real", "FLOAT"),
        ("float(25)", "double precision", "DOUBLE"),
        ("float", "double precision", "DOUBLE"),
        ("Double   Precision", "double precision", "DOUBLE"),
        ("float8", "double precision", "DOUBLE"),
        ("numeric", "numeric", ""),
        ("NUMERIC(10,2)", "numeric(10,2)", "DECIMAL(10,2)"),
        ("decimal ( 5 )", "numeric(5,0)", "DECIMAL(5,0)"),
        ("dec(5, 1)", "numeric(5,1)", "DECIMAL(5,1)"),
        ("text", "text", "VARCHAR"),
        ("varchar", "character varying", "VARCHAR"),
        ("character varying(20)", "character varying(20)", "VARCHAR"),
        ("char", "character(1)", "VARCHAR"),
        ("character(3)", "character(3)", "VARCHAR"),
        ("bpchar", "character", "VARCHAR"),
        ("bool", "boolean", "BOOLEAN"),
        ("date", "date", "DATE"),
        ("time", "time without time zone", "TIME"),
        ("timestamp", "timestamp without time zone", "TIMESTAMP"),
        ("timestamp without time zone", "timestamp without time zone", "TIMESTAMP"),
        ("timestamp(6) with time zone", "timestamp with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("timestamptz", "timestamp with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("interval", "interval", "INTERVAL"),
        ("bytea", "bytea", "BLOB"),
        ("uuid", "uuid", "UUID"),
        ("pg_catalog.int4", "integer", "INTEGER"),
    ],
)
def test_a_type_has_one_name_and_many_spellings(spelling: str, name: str, sql: str):
    found = postgres(spelling)
    assert (found.name, found.sql) == (name, sql)
    if sql:
        duckdb.sql(f"SELECT CAST(NULL AS {sql})").fetchall()


@pytest.mark.parametrize(
    "name",
    [
        *("", "intt", "int(4)", "numeric(0)", "numeric(3,4)", "numeric(39)", "numeric(1,2,3)", "numeric(-1)"),
        *("varchar(0)", "varchar(x)", "varchar(1,2)", "float(0)", "float(54)", "timestamp(3)", "time with time zone"),
        *("date with time zone", "money", "integer[]", "INTEGER); DROP", "HUGEINT", "STRUCT(a INTEGER)", "text;"),
    ],
)
def test_what_is_no_type_is_refused_by_name(name: str):
    with pytest.raises(UnknownType) as caught:
        postgres(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sql", "pattern"),
    [
        ("int", "INTEGER", ""),
        ("LONG", "BIGINT", ""),
        ("chararray", "VARCHAR", ""),
        ("datetime", "TIMESTAMP", ""),
        ("datetime yyyy-MM-dd HH:mm:ss", "TIMESTAMP", "yyyy-MM-dd HH:mm:ss"),
    ],
)
def test_pig_has_names_of_its_own(name: str, sql: str, pattern: str):
    found = pig(name)
    assert (found.sql, found.pattern) == (sql, pattern)


@pytest.mark.parametrize("name", ["text", "long x", "", "integer"])
def test_what_is_no_type_of_pig_is_refused_by_name(name: str):
    with pytest.raises(UnknownType):
        pig(name)


def test_operators_of_hadoop_take_the_names_of_databases_as_well():
    assert of_flow("BIGINT", is_hadoop=True).sql == of_flow("long", is_hadoop=True).sql == "BIGINT"
    with pytest.raises(UnknownType):
        of_flow("long", is_hadoop=False)


@pytest.mark.parametrize(
    ("name", "value", "cast"),
    [
        ("varchar(2)", "'abc'", "ab"),
        ("char(2)", "'a   '", "a"),
        ("char(2)", "'abc'", "ab"),
        ("numeric", "1.25", 1.25),
        ("integer", "'7'", 7),
    ],
)
def test_a_cast_gives_what_the_type_can_hold(name: str, value: str, cast: object):
    [(found,)] = duckdb.sql(f"SELECT {postgres(name).cast(value)}").fetchall()
    assert found == pytest.approx(cast) if isinstance(cast, float) else found == cast

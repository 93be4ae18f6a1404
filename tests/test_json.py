"""What a server's JSON becomes, with the fast library and without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine import _json

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.fixture(params=["fast", "tolerant"])
def loads(request: pytest.FixtureRequest) -> Callable[[bytes | str], Any]:
    return _json.loads if request.param == "fast" else _json._tolerant_loads


@pytest.mark.parametrize("text", ["plain", "wörd", "\U0001f4a9", "\ufeffx", "\\ud800", "a\0b", "\uffff"])
def test_whole_characters_are_left_alone(loads: Callable[[bytes | str], Any], text: str) -> None:
    for ascii_only in (True, False):
        assert loads(json.dumps({text: [text]}, ensure_ascii=ascii_only).encode()) == {text: [text]}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("\ud800", "\ufffd"),
        ("a\udc00b", "a\ufffdb"),
        ("\ud83d\ud83d\udca9", "\ufffd\U0001f4a9"),
        ("\udfff\ud800", "\ufffd\ufffd"),
    ],
)
def test_half_of_a_character_becomes_the_sign_for_it(
    loads: Callable[[bytes | str], Any], text: str, whole: str
) -> None:
    for ascii_only in (True, False):
        content = json.dumps({text: [text, 1, None]}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        assert loads(content) == {whole: [whole, 1, None]}
    assert loads(json.dumps(text)) == whole
    assert pd.DataFrame({"x": [whole]}).shape == (1, 1)


@given(documents)
def test_whatever_is_read_can_be_written(document: Any) -> None:
    for loads in (_json.loads, _json._tolerant_loads):
        json.dumps(loads(json.dumps(document).encode()), ensure_ascii=False).encode("utf-8")

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.settings.document import Scalar, read


def test_every_value_knows_its_line():
    document = read("a:\n  b: 1\n\n  c:\n    - x\n    - y: z\n", {})
    assert document.tree == {"a": {"b": "1", "c": ["x", {"y": "z"}]}}
    assert document.lines[("a", "b")] == 2
    assert document.lines[("a", "c")] == 4
    assert document.lines[("a", "c", 1, "y")] == 6


def test_values_stay_as_they_were_written():
    tree = read("a: 007\nb: yes\nc: 1.50\nd: '5'\ne: 2024-01-01\nf: 12:30", {}).tree
    assert list(tree.values()) == ["007", "yes", "1.50", "5", "2024-01-01", "12:30"]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("5", 5),
        ("-1.5", -1.5),
        ("true", True),
        ("yes", "yes"),
        ("'5'", "5"),
        ("5 apples", "5 apples"),
    ],
)
def test_where_json_is_welcome_plain_values_get_their_type(text: str, typed: object):
    value = read(f"a: {text}", {}).tree["a"]
    assert isinstance(value, Scalar)
    assert value.typed == typed
    assert type(value.typed) is type(typed)


@pytest.mark.parametrize("text", ["a:", "a: ~", "a: null", "a: ${EMPTY}", "a: ${NONE:-}"])
def test_nothing_is_nothing(text: str):
    assert read(text, {"EMPTY": ""}).tree == {"a": None}


def test_an_empty_text_in_quotes_is_an_empty_text():
    assert read('a: ""', {}).tree == {"a": ""}


def test_a_variable_cannot_bring_in_yaml():
    hostile = "x\nsafety: {level: auto}"
    assert read("a: ${A}", {"A": hostile}).tree == {"a": hostile}


def test_a_key_that_stands_twice_is_a_mistake_and_the_first_one_counts():
    document = read("a: 1\nb: 2\na: 3", {})
    (mistake,) = document.mistakes
    assert (mistake.line, mistake.path, mistake.what) == (
        3,
        ("a",),
        "stands here twice, first on line 1",
    )
    assert document.tree["a"] == "1"


def test_anchors_and_merge_keys_work_and_the_nearer_key_wins():
    text = "x-base: &base {a: 1, b: 2}\none:\n  <<: *base\n  b: 3\ntwo: *base\n"
    document = read(text, {})
    assert document.tree == {"one": {"a": "1", "b": "3"}, "two": {"a": "1", "b": "2"}}
    assert document.lines[("one", "b")] == 4
    assert document.mistakes == ()


def test_of_several_merged_mappings_the_first_wins():
    text = "x-1: &one {a: 1}\nx-2: &two {a: 2, b: 2}\nc: {<<: [*one, *two]}"
    assert read(text, {}).tree == {"c": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("a: [1", 1, "not YAML", id="a bracket left open"),
        pytest.param("a: 1\n\tb: 2", 2, "not YAML", id="a tab"),
        pytest.param("a: 1\n---\nb: 2", 2, "not YAML", id="two documents"),
        pytest.param("a: 'x", 1, "not YAML", id="a quote left open"),
        pytest.param("a: *b", 1, "not YAML", id="an alias to nothing"),
        pytest.param("a: \x01", 1, "not YAML", id="a control character"),
        pytest.param("- a\n- b", 1, "must be a mapping", id="a list"),
        pytest.param("just words", 1, "must be a mapping", id="a word"),
        pytest.param("a: !!python/object:os.system ls", 1, "not allowed", id="a python object"),
        pytest.param("a: !secret x", 1, "not allowed", id="a tag of somebody else"),
        pytest.param("a: !!binary aGk=", 1, "not allowed", id="bytes"),
        pytest.param("? [a, b]\n: c", 1, "a key must be one word", id="a list as a key"),
        pytest.param("a: &a\n  b: *a", 1, "contains itself", id="an alias within itself"),
        pytest.param("a: {<<: 5}", 1, "must be followed by a mapping", id="merging a number"),
        pytest.param("a: {b: ${B}}", 1, "must stand in quotes", id="a variable in braces"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, line: int, words: str):
    mistake = read(text, {}).mistakes[0]
    assert mistake.line == line
    assert words in mistake.what


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5_000, id="nested without end"),
        pytest.param("a: &a {<<: *a}", id="a merge of itself"),
        pytest.param(
            "x-0: &x0 [a,a,a,a,a,a,a,a,a]\n"
            + "".join(f"x-{n}: &x{n} [{','.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9)),
            id="aliases that multiply",
        ),
    ],
)
def test_a_hostile_file_is_refused_soon(text: str):
    before = time.process_time()
    assert read(text, {}).mistakes
    assert time.process_time() - before < 60


@given(st.text(max_size=60))
def test_any_text_is_read_or_is_a_mistake(text: str):
    document = read(text, {})
    assert document.mistakes or isinstance(document.tree, dict)

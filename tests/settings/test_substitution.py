import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.settings.substitution import substitute

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,8}\Z")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param("${HOST}", "cache", id="alone"),
        pytest.param("redis://${HOST}:${PORT:-6379}/0", "redis://cache:6379/0", id="within text"),
        pytest.param("${HOST:-other}", "cache", id="a default that is not needed"),
        pytest.param("${EMPTY:-other}", "other", id="an empty variable takes the default"),
        pytest.param("${EMPTY}", "", id="an empty variable is empty"),
        pytest.param("${NONE:-}", "", id="an empty default"),
        pytest.param("$${HOST}", "${HOST}", id="doubled it is meant literally"),
        pytest.param("$HOST and 5$", "$HOST and 5$", id="without braces it is plain text"),
        pytest.param("${NESTING}", "${HOST}", id="what a variable holds is not looked at again"),
    ],
)
def test_a_reference_is_filled_in(text: str, filled: str):
    env = {"HOST": "cache", "EMPTY": "", "NESTING": "${HOST}"}
    assert substitute(text, env) == (filled, ())


def test_a_variable_that_is_not_set_is_named():
    _, problems = substitute("${A} ${B}", {})
    assert problems == (
        "${A} is not set; set it, or write ${A:-default}",
        "${B} is not set; set it, or write ${B:-default}",
    )


@pytest.mark.parametrize("text", ["${}", "${A", "${A-b}", "${A:?no}", "${1A}", "${A:-${B}}"])
def test_what_only_begins_like_a_reference_is_a_problem(text: str):
    _, problems = substitute(text, {"A": "a", "B": "b"})
    assert "write ${VAR} or ${VAR:-default}" in problems[0]


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_references_stays_as_it_is(text: str):
    assert substitute(text, {}) == (text, ())


@given(NAMES, st.text(), st.text(alphabet=st.characters(exclude_characters="${}")))
def test_whatever_a_variable_holds_stands_there_letter_by_letter(
    name: str, value: str, around: str
):
    filled, problems = substitute(f"{around}${{{name}}}{around}", {name: value})
    assert filled == f"{around}{value}{around}"
    assert problems == ()

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.adapters.redis import Terms, terms_of
from healing.adapters.redis.terms import amended
from healing.breakers import LastCalls, LastSeconds, Rules


@pytest.mark.parametrize(
    ("rules", "terms"),
    [
        pytest.param(Rules(), Terms(), id="the defaults are the defaults"),
        pytest.param(
            Rules(fail_rate=None, in_a_row=5), Terms(fail_rate=0, in_a_row=5), id="in a row"
        ),
        pytest.param(Rules(slow_after=2), Terms(slow_rate=0.8), id="slow calls"),
        pytest.param(Rules(window=LastSeconds(2.5)), Terms(window=2500), id="milliseconds"),
        pytest.param(Rules(window=LastCalls(7)), Terms(window=60_000), id="a window of calls"),
    ],
)
def test_rules_are_said_in_terms(rules: Rules, terms: Terms):
    assert terms_of(rules) == terms


def test_what_an_operator_changed_holds_for_one_process_as_for_the_fleet():
    changes = {"fail_rate": 0, "fail_count": 9, "window": 5000, "open_for": 1500}
    rules = amended(Rules(), changes)
    assert (rules.fail_rate, rules.fail_count, rules.open_for) == (None, 9, 1.5)
    assert terms_of(rules) == Terms(**{**asdict(Terms()), **changes})


def test_terms_that_no_rules_can_say_are_an_error():
    with pytest.raises(ValueError, match="successes_to_close"):
        amended(Rules(), {"trials": 1})


@given(
    fail_rate=st.none() | st.floats(0.01, 1),
    in_a_row=st.none() | st.integers(1, 50),
    window=st.floats(1, 1000),
    open_for=st.floats(0.1, 500),
)
def test_every_rule_survives_being_said_in_terms(fail_rate, in_a_row, window, open_for):
    rules = Rules(
        fail_rate=fail_rate, in_a_row=in_a_row, window=LastSeconds(window), open_for=open_for
    )
    again = terms_of(amended(Rules(), asdict(terms_of(rules))))
    assert again == terms_of(rules)

from datetime import timedelta

from healing.failure import Signs, cold, foresee
from healing.finding import Finding, Kind
from healing.policy.failing import Likely, Word
from healing.watching import Judgement, beyond_chance
from tests.stories import API, NOON, finding


def judgement(*findings: Finding, rarity: float = 0.0) -> Judgement:
    return Judgement(
        service=API,
        score=0.99,
        why="requests is 3",
        forecasts=(),
        alarms=(),
        horizon=timedelta(hours=1),
        prognosis=foresee(cold(), Signs()),
        likely=Likely(Word.UNLIKELY, ""),
        findings=findings,
        at=NOON,
        picture="data:picture" if findings else "",
        rarity=rarity,
    )


def test_strangeness_that_chance_explains_is_no_finding_and_says_so() -> None:
    (held_back,) = beyond_chance([judgement(finding(Kind.ANOMALY), rarity=3.5)], fleet=1000)
    assert (held_back.findings, held_back.picture, held_back.score) == ((), "", 0.99)
    assert held_back.why.startswith("requests is 3 (no finding: among 1000 services")


def test_in_a_small_fleet_it_stands() -> None:
    strange = judgement(finding(Kind.ANOMALY), rarity=3.5)
    assert beyond_chance([strange, judgement()], fleet=2) == [strange, judgement()]


def test_what_is_certain_for_other_reasons_stands() -> None:
    full, odd = finding(Kind.EXHAUSTION), finding(Kind.ANOMALY)
    (told,) = beyond_chance([judgement(full, odd, rarity=3.5)], fleet=1000)
    assert (told.findings, told.picture) == ((full,), "data:picture")


def test_what_is_not_strange_stays_as_it_is() -> None:
    full = judgement(finding(Kind.EXHAUSTION))
    assert beyond_chance([full], fleet=10_000) == [full]

from healing.finding import Finding, Kind
from healing.watching import Judgement, beyond_chance
from tests.stories import finding, judgement


def judged(*findings: Finding, rarity: float = 0.0) -> Judgement:
    picture = "data:picture" if findings else ""
    return judgement(*findings, score=0.99, why="requests is 3", picture=picture, rarity=rarity)


def test_strangeness_that_chance_explains_is_no_finding_and_says_so() -> None:
    (held_back,) = beyond_chance([judged(finding(Kind.ANOMALY), rarity=3.5)], fleet=1000)
    assert (held_back.findings, held_back.picture, held_back.score) == ((), "", 0.99)
    assert held_back.why.startswith("requests is 3 (no finding: among 1000 services")


def test_in_a_small_fleet_it_stands() -> None:
    strange = judged(finding(Kind.ANOMALY), rarity=3.5)
    assert beyond_chance([strange, judged()], fleet=2) == [strange, judged()]


def test_what_is_certain_for_other_reasons_stands() -> None:
    full, odd = finding(Kind.EXHAUSTION), finding(Kind.ANOMALY)
    (told,) = beyond_chance([judged(full, odd, rarity=3.5)], fleet=1000)
    assert (told.findings, told.picture) == ((full,), "data:picture")


def test_what_is_not_strange_stays_as_it_is() -> None:
    full = judged(finding(Kind.EXHAUSTION))
    assert beyond_chance([full], fleet=10_000) == [full]

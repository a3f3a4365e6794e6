from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.units import (
    read_duration,
    read_number,
    read_ratio,
    read_share,
    read_size,
    read_whole,
    write_duration,
    write_share,
    write_size,
)

DURATIONS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_000))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("30s", 30, id="seconds"),
        pytest.param("15m", 900, id="minutes"),
        pytest.param("1h30m", 5400, id="hours and minutes"),
        pytest.param("1h 30m", 5400, id="with a space between"),
        pytest.param("7d", 604_800, id="days"),
        pytest.param("2w", 1_209_600, id="weeks"),
        pytest.param("1y", 31_536_000, id="a year"),
        pytest.param("250ms", 0.25, id="milliseconds"),
        pytest.param("1000ms", 1, id="a thousand milliseconds"),
        pytest.param("1.5h", 5400, id="a fraction"),
        pytest.param("5 minutes", 300, id="spelled out"),
        pytest.param("10min", 600, id="abbreviated"),
        pytest.param("30", 30, id="a plain number"),
        pytest.param(30, 30, id="a number that is none of text"),
        pytest.param("0", 0, id="nothing"),
        pytest.param("0.5", 0.5, id="half a second"),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: object, seconds: float):
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "s", "30x", "30s!", "-5s", "-5", "1h1h", "1h30"),
        *("true", True, "nan", "inf", "9999999999999d", "٣s", "1e9999"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_stood_there(text: object):
    with pytest.raises(ValueError, match="must "):
        read_duration(text)


@given(DURATIONS)
def test_a_duration_survives_being_written_and_read(duration: timedelta):
    assert read_duration(write_duration(duration)) == duration


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_sentence(text: str):
    try:
        assert read_duration(text) >= timedelta(0)
    except ValueError as error:
        assert str(error).startswith("must ")  # noqa: PT017 -- either outcome is right


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("512MiB", 512 * 2**20, id="mebibytes"),
        pytest.param("512Mi", 512 * 2**20, id="without the B"),
        pytest.param("1GB", 10**9, id="gigabytes"),
        pytest.param("200M", 200 * 10**6, id="megabytes without the B"),
        pytest.param("1.5GiB", 3 * 2**29, id="a fraction"),
        pytest.param("64kB", 64_000, id="kilobytes"),
        pytest.param("2 TiB", 2 * 2**40, id="with a space"),
        pytest.param("100", 100, id="bytes"),
        pytest.param("100B", 100, id="bytes with the B"),
        pytest.param("10mb", 10**7, id="small letters with a B"),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, size: int):
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "12XB", "-1MB", "1iB", "5i", "true"])
def test_what_is_no_size_is_refused(text: str):
    with pytest.raises(ValueError, match="must be a size"):
        read_size(text)


def test_a_lower_case_m_is_refused_because_docker_and_si_differ():
    with pytest.raises(ValueError, match="write 512MiB or 512MB"):
        read_size("512m")


@given(st.integers(min_value=0, max_value=2**60))
def test_a_size_survives_being_written_and_read(size: int):
    assert read_size(write_size(size)) == size


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("80", 0.8),
        ("80%", 0.8),
        ("0.8", 0.8),
        ("85 %", 0.85),
        ("0", 0),
        ("100", 1),
        ("100%", 1),
        ("1%", 0.01),
        ("0.5%", 0.005),
    ],
)
def test_a_share_is_the_same_however_it_is_written(text: str, ratio: float):
    assert read_share(text) == pytest.approx(ratio)


def test_a_bare_one_is_refused_because_it_could_be_either():
    with pytest.raises(ValueError, match="write 1% or 100%"):
        read_share("1")


@pytest.mark.parametrize("text", ["101", "120%", "-5", "-5%", "much", "true"])
def test_a_share_beyond_the_whole_is_refused(text: str):
    with pytest.raises(ValueError, match="must be"):
        read_share(text)


@given(st.integers(min_value=0, max_value=10_000))
def test_a_share_survives_being_written_and_read(basis_points: int):
    assert read_share(write_share(basis_points / 10_000)) == basis_points / 10_000


@pytest.mark.parametrize(("text", "ratio"), [("0.8", 0.8), ("1", 1), ("0", 0), ("80%", 0.8)])
def test_a_ratio_is_read(text: str, ratio: float):
    assert read_ratio(text) == ratio


@pytest.mark.parametrize("text", ["80", "-0.1", "1.01", "x"])
def test_a_ratio_beyond_one_is_refused(text: str):
    with pytest.raises(ValueError, match="must be"):
        read_ratio(text)


@pytest.mark.parametrize(("text", "number"), [("5", 5), ("5.0", 5), ("1_000", 1000), (7, 7)])
def test_a_whole_number_is_read(text: object, number: int):
    assert read_whole(text) == number


@pytest.mark.parametrize("text", ["5.5", "five", "true", True, "", "0x10", "1e400"])
def test_what_is_no_whole_number_is_refused(text: object):
    with pytest.raises(ValueError, match=r"must be a (whole|finite) number"):
        read_whole(text)


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "true", ""])
def test_what_is_no_finite_number_is_refused(text: str):
    with pytest.raises(ValueError, match="must be a"):
        read_number(text)

"""The moment of a job arrives as the wall clock that the server will read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytz

from alpine import APIClient
from alpine._schedule import schedule_of
from alpine.exception import InvalidArgumentException

PACIFIC, BERLIN = ZoneInfo("US/Pacific"), ZoneInfo("Europe/Berlin")
NINE = datetime(2040, 7, 2, 9, 0)
PYTZ = pytz.timezone("US/Pacific")


@pytest.mark.parametrize(
    ("moment", "zone", "shown", "named"),
    [
        pytest.param(NINE, "US/Pacific", "2040-07-02T09:00:00-07:00", "US/Pacific", id="naive"),
        pytest.param(NINE, PACIFIC, "2040-07-02T09:00:00-07:00", "US/Pacific", id="naive, zoneinfo"),
        pytest.param(NINE, PYTZ, "2040-07-02T09:00:00-07:00", "US/Pacific", id="naive, pytz"),
        pytest.param(NINE, None, "2040-07-02T09:00:00Z", "UTC", id="naive, no zone"),
        pytest.param(NINE, timezone(timedelta(hours=2)), "2040-07-02T07:00:00Z", "UTC", id="naive, an offset"),
        pytest.param(
            NINE, "Pacific Time (US & Canada)", "2040-07-02T09:00:00-07:00", "Pacific Time (US & Canada)", id="label"
        ),
        pytest.param(NINE.replace(tzinfo=BERLIN), None, "2040-07-02T09:00:00+02:00", "Europe/Berlin", id="its own"),
        pytest.param(NINE.replace(tzinfo=BERLIN), PACIFIC, "2040-07-02T00:00:00-07:00", "US/Pacific", id="converted"),
        pytest.param(NINE.replace(tzinfo=UTC), "US/Pacific", "2040-07-02T02:00:00-07:00", "US/Pacific", id="utc"),
        pytest.param(
            NINE.replace(tzinfo=timezone(timedelta(hours=-4))), None, "2040-07-02T13:00:00Z", "UTC", id="an offset"
        ),
        pytest.param("2040-07-02T09:00:00+02:00", None, "2040-07-02T07:00:00Z", "UTC", id="text"),
        pytest.param("2040-07-02 09:00", "US/Pacific", "2040-07-02T09:00:00-07:00", "US/Pacific", id="naive text"),
        pytest.param(NINE.replace(tzinfo=PYTZ), None, "2040-07-02T09:00:00-07:00", "US/Pacific", id="pytz, raw"),
        pytest.param(NINE.replace(tzinfo=PYTZ), "UTC", "2040-07-02T16:00:00Z", "UTC", id="pytz, raw, converted"),
    ],
)
def test_the_sandbox_shows_the_moment_that_was_meant(
    client: APIClient, moment: datetime, zone: str | tzinfo | None, shown: str, named: str
) -> None:
    made = client.job.create(1, "nightly", "days", 1, moment, zone)
    assert (made["next_run"], made["time_zone"]) == (shown, named)


def test_a_localized_pytz_moment_in_2030_keeps_its_wall_clock(client: APIClient) -> None:
    moment = PYTZ.localize(datetime(2030, 12, 24, 18, 30))
    made = client.job.create(1, "eve", "weeks", 1, moment)
    assert (made["next_run"], made["time_zone"]) == ("2030-12-24T18:30:00-08:00", "US/Pacific")


@pytest.mark.parametrize("zone", [PACIFIC, PYTZ, "US/Pacific"])
def test_an_hour_that_summer_time_leaves_out_moves_on_by_one(client: APIClient, zone: Any) -> None:
    made = client.job.create(1, "nightly", "days", 1, datetime(2030, 3, 10, 2, 30), zone)
    shown = datetime.fromisoformat(made["next_run"])
    assert shown.astimezone(UTC) == datetime(2030, 3, 10, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "first",
    [
        datetime(2030, 11, 3, 1, 30, tzinfo=PACIFIC),
        PYTZ.localize(datetime(2030, 11, 3, 1, 30), is_dst=True),
        datetime(2030, 11, 3, 8, 30, tzinfo=UTC),
    ],
)
def test_of_two_hours_with_the_same_clock_the_first_arrives(client: APIClient, first: datetime) -> None:
    made = client.job.create(1, "nightly", "days", 1, first, "US/Pacific")
    assert made["next_run"] == "2030-11-03T01:30:00-07:00"


@pytest.mark.parametrize(
    "second",
    [
        datetime(2030, 11, 3, 1, 30, tzinfo=PACIFIC, fold=1),
        PYTZ.localize(datetime(2030, 11, 3, 1, 30), is_dst=False),
        datetime(2030, 11, 3, 9, 30, tzinfo=UTC),
    ],
)
def test_the_second_is_sent_with_its_offset_for_a_server_that_reads_it(second: datetime) -> None:
    assert schedule_of(second, None, "US/Pacific")["next_run"] == "2030-11-03T01:30:00-08:00"


def test_the_last_run_is_told_in_the_same_zone(client: APIClient) -> None:
    end = datetime(2040, 12, 31, tzinfo=UTC)
    made = client.job.create(1, "nightly", "days", 1, NINE, "US/Pacific", end_run=end)
    assert made["end_run"] == "2040-12-30T16:00:00-08:00"


@pytest.mark.parametrize("wrong", [date(2040, 1, 1), 0, "tomorrow", "2040-13-01", 1700000000])
def test_what_is_no_moment_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidArgumentException, match="next_run must be a datetime"):
        schedule_of(wrong, None, "UTC")


@pytest.mark.parametrize("wrong", [0, "", 5])
def test_what_is_no_zone_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidArgumentException, match="time_zone must be a name"):
        schedule_of(NINE, None, wrong)


def test_a_moment_is_not_converted_to_a_zone_that_is_not_known_here() -> None:
    with pytest.raises(InvalidArgumentException, match="'Alaska' is not known here"):
        schedule_of(NINE.replace(tzinfo=UTC), None, "Alaska")


def test_nothing_given_is_nothing_sent() -> None:
    assert schedule_of(None, None, None) == {}
    assert schedule_of(None, None, "Europe/Berlin") == {"time_zone": "Europe/Berlin"}

"""When a job runs and who is told of it: intervals, and moments as the server reads them.

The server takes the wall clock of a moment, drops its offset, and reads it as local time of the job's zone. So a moment
is converted to that zone first, and its offset is sent along: right for a server that reads it, and for one that does
not. Of the two hours with the same wall clock when summer time ends, the server can be told only one.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from alpine._arguments import given, identifier, number
from alpine._constants import Constants, flag
from alpine.exception import InvalidArgumentException, UserNotFoundException

_UTC = frozenset({"UTC", "Etc/UTC"})
"""Known also where there is no database of time zones."""


class ScheduleType(Constants):
    """How often a job runs."""

    OnDemand = "on_demand"
    Hourly = "hours"
    Daily = "days"
    Weekly = "weeks"
    Monthly = "months"


class Notify(Constants):
    """Who is notified when a job succeeds or fails."""

    Nobody = "nobody"
    Everybody = "everybody"
    Selected = "selected"


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def interval_of(value: object, *, on_demand: bool = False) -> int:
    """What to send for the units between two runs."""
    if on_demand:
        return 0 if value is None else 0 * number(value, "interval_value", least=0, whole=True)
    try:
        return number(value, "interval_value", least=1, whole=True)
    except InvalidArgumentException as error:
        reason = error.reason
    raise InvalidArgumentException(f"{reason} A schedule without an interval would hang the server.")


def schedule_of(next_run: object, end_run: object, time_zone: object) -> dict[str, object]:
    """What to send for the first and the last run and their zone."""
    given = zip(("next_run", "end_run"), moments_of(next_run, end_run, time_zone), strict=True)
    moments = {name: moment for name, moment in given if moment is not None}
    if not moments and time_zone is None:
        return {}
    zone = _checked_zone(time_zone) or next((m.tzinfo for m in moments.values() if m.tzinfo), UTC)
    name, rules = _name_and_rules(zone)
    clocks = {key: _wall_clock(moment, rules, name) for key, moment in moments.items()}
    return {"time_zone": name or "UTC", **clocks}


def moments_of(next_run: object, end_run: object, time_zone: object) -> tuple[datetime | None, datetime | None]:
    """The moments that were given, with the rules of their zones where they are known; None for what was not given.

    :raises InvalidArgumentException: One is no moment, or the zone for them is none.
    """
    _checked_zone(time_zone)
    return _moment(next_run, "next_run"), _moment(end_run, "end_run")


def _moment(value: object, name: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise InvalidArgumentException(f"{name} must be a datetime, not {value!r}.")
    name_of_zone, rules = (None, None) if value.tzinfo is None else _name_and_rules(value.tzinfo)
    if not name_of_zone or not rules:
        return value
    # A pytz zone that was not put in with its localize() has an offset that was last in use around 1900.
    readings = [value.replace(tzinfo=rules, fold=fold) for fold in (0, 1)]
    return next((reading for reading in readings if reading.utcoffset() == value.utcoffset()), readings[0])


def _checked_zone(zone: object) -> str | tzinfo | None:
    if zone is not None and not (isinstance(zone, tzinfo) or (isinstance(zone, str) and zone.strip())):
        raise InvalidArgumentException(f"time_zone must be a name such as 'US/Pacific', or a tzinfo, not {zone!r}.")
    return zone


def _name_and_rules(zone: str | tzinfo) -> tuple[str | None, tzinfo | None]:
    """The name of a zone, which a mere offset lacks, and its rules where they are known here."""
    if isinstance(zone, tzinfo):
        # zoneinfo calls it key, pytz calls it zone.
        name = getattr(zone, "key", None) or getattr(zone, "zone", None)
        if not isinstance(name, str):
            return None, zone
        zone = name
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # only schedules need it, and it takes a while to load

    try:
        return zone, ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone, UTC if zone in _UTC else None


def _wall_clock(moment: datetime, rules: tzinfo | None, name: str | None) -> str:
    if rules is None and moment.tzinfo is not None:
        from zoneinfo import available_timezones

        advice = (
            "give a time_zone such as 'US/Pacific', or a datetime without a zone."
            if available_timezones()
            else "this machine has no database of time zones (pip install tzdata adds one)."
        )
        raise InvalidArgumentException(
            f"The zone {name!r} is not known here, so the time cannot be converted to it: {advice}"
        )
    if rules is not None:
        local = moment.replace(tzinfo=rules) if moment.tzinfo is None else moment.astimezone(rules)
        # The server knows no nameless zone: there it is UTC.
        moment = local if name else local.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def notifications(
    enabled: bool | None,
    success_notify: str | None,
    failure_notify: str | None,
    success_recipients: list[int] | None,
    failure_recipients: list[int] | None,
) -> dict[str, object]:
    """Whether a schedule is active, and who is told of its runs; only what is given."""
    return given(
        enabled=flag(enabled, "enabled"),
        success_notify=None if success_notify is None else Notify.checked(success_notify, "success_notify"),
        failure_notify=None if failure_notify is None else Notify.checked(failure_notify, "failure_notify"),
        success_recipients=_ids_of(success_recipients, "success_recipients"),
        failure_recipients=_ids_of(failure_recipients, "failure_recipients"),
    )


def _ids_of(values: list[int] | None, name: str) -> list[int] | None:
    if values is None:
        return None
    if not isinstance(values, list | tuple):
        raise InvalidArgumentException(f"{name} must be a list of user ids, not {values!r}.")
    return [identifier(value, name, UserNotFoundException) for value in values]

"""When a job runs: moments as the server reads them.

The server takes the wall clock of a moment, drops its offset, and reads it as local time of the job's zone. So a moment
is converted to that zone first, and its offset is sent along: right for a server that reads it, and for one that does
not.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from alpine.exception import InvalidArgumentException


def schedule_of(
    next_run: object, end_run: object, time_zone: object, *, default_to_now: bool = False
) -> dict[str, object]:
    """What to send for the first and the last run and their zone."""
    if next_run is None and default_to_now:
        next_run = datetime.now(UTC)
        time_zone = time_zone or UTC
    moments = {name: _moment(value, name) for name, value in (("next_run", next_run), ("end_run", end_run)) if value}
    if not moments and time_zone is None:
        return {}
    zone = time_zone if time_zone is not None else next((m.tzinfo for m in moments.values() if m.tzinfo), UTC)
    name, known = _zone(zone)
    return {"time_zone": name, **{key: _wall_clock(moment, known, name) for key, moment in moments.items()}}


def _moment(value: object, name: str) -> datetime:
    if not isinstance(value, datetime):
        raise InvalidArgumentException(f"{name} must be a datetime, not {value!r}.")
    return value


def _zone(zone: object) -> tuple[str, tzinfo | None]:
    """The name of a zone, and its rules where they are known here."""
    if isinstance(zone, tzinfo):
        # zoneinfo calls it key, pytz calls it zone; a mere offset has no name the server knows.
        name = getattr(zone, "key", None) or getattr(zone, "zone", None)
        if not isinstance(name, str):
            return "UTC", UTC
        zone = name
    if not isinstance(zone, str) or not zone.strip():
        raise InvalidArgumentException(f"time_zone must be a name such as 'US/Pacific', or a tzinfo, not {zone!r}.")
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # needed only for jobs

    try:
        return zone, ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone, None


def _wall_clock(moment: datetime, zone: tzinfo | None, name: str) -> str:
    if moment.tzinfo is None:
        return (moment.replace(tzinfo=zone) if zone else moment).isoformat(timespec="seconds")
    if zone is None:
        raise InvalidArgumentException(
            f"The zone {name!r} is not known here, so the moment cannot be converted to it: "
            "give a name such as 'US/Pacific', or a datetime without a zone."
        )
    return moment.astimezone(zone).isoformat(timespec="seconds")

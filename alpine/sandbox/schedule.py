"""When a job runs next: its interval, counted on the wall clock of its time zone."""

from __future__ import annotations

import calendar
import logging
from datetime import UTC, date, datetime, timedelta

from alpine.sandbox.state.model import Job
from alpine.sandbox.zones import zone

log: logging.Logger = logging.getLogger("alpine.sandbox")


def expire(job: Job) -> None:
    """Disable a job whose next run would come after its end.

    :param job: A job whose ``next_run``, ``end_run`` or ``enabled`` was set.
    """
    if job.next_run is not None and job.end_run is not None and job.next_run > job.end_run:
        job.enabled = False


def due(job: Job) -> datetime | None:
    """Tell when the scheduler starts a job.

    :param job: The job.
    :returns: Its next run, if it is enabled and idle; else None.
    """
    return job.next_run if job.enabled and job.status == "idle" and not job.deleted else None


def move_on(job: Job, now: datetime) -> None:
    """Set the next run of a job that starts to run, past this moment: what was missed meanwhile is not made up for.

    :param job: The job.
    :param now: This moment.
    """
    if job.next_run is None or job.next_run > now:
        return
    try:
        job.next_run = _following(job, job.next_run, now)
    except (OverflowError, ValueError):
        log.warning("job %d %r has no next run within the calendar and is disabled", job.id, job.name)
        job.enabled = False
    expire(job)


def _following(job: Job, moment: datetime, now: datetime) -> datetime:
    if job.interval_value == 0:
        # The real server adds nothing to the date again and again, and its worker never comes back.
        log.warning("job %d %r has an interval of 0, which hangs a real server; it is disabled", job.id, job.name)
        job.enabled = False
        return moment
    if job.interval_unit == "hours":
        step = timedelta(hours=job.interval_value)
        return moment + ((now - moment) // step + 1) * step
    while moment <= now:
        moment = _stepped(job, moment)
    return moment


def _stepped(job: Job, moment: datetime) -> datetime:
    own_zone = zone(job.time_zone)
    local = moment.astimezone(own_zone)
    if job.interval_unit == "months":
        day = _months_later(local.date(), job.interval_value)
    else:
        day = local.date() + timedelta(**{job.interval_unit: job.interval_value})
    # Not the local time of the last run: one that summer time pushed back would stay where it is.
    return datetime.combine(day, job.time_of_day or local.time(), own_zone).astimezone(UTC)


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

"""The calendar of `flarekeep token remind`, read by a parser that is not ours."""

import os
import subprocess
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

WORK = ("--operation", "POST /accounts/{account_id}/r2/buckets")
END = datetime(2999, 1, 31, 12, 0, 5, tzinfo=UTC)
# Text that a calendar's syntax has its own use for, and lines that have to be folded within a character.
NAMES = [
    "shop-media-prod",
    "a, b; c: \\d \\n \"e\"",
    "é" * 100,
    "🔑" * 60,
    "x" * 120,
]


@pytest.fixture(scope="module")
def remind(world, plan_token, tmp_path_factory):
    """Reads the calendar that is written with these days."""
    for name in NAMES:
        plan_token(name, *WORK, "--expires", END.isoformat().replace("+00:00", "Z"))
    plan_token("shop-endless-prod", *WORK)
    folder = tmp_path_factory.mktemp("calendar")
    environment = {
        "PATH": os.environ["PATH"],
        "CLOUDFLARE_BASE_URL": world.api,
        "CLOUDFLARE_EMAIL": world.email,
        "CLOUDFLARE_API_KEY": world.global_key,
    }

    def read(days):
        command = [os.environ["FLAREKEEP_BIN"], "token", "remind", "--days", days, "--ics", "ends.ics"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        text = (folder / "ends.ics").read_bytes()
        assert all(len(line) <= 75 for line in text.split(b"\r\n"))
        return icalendar.Calendar.from_ical(text)

    return read


def ours(calendar):
    return [event for event in calendar.walk("VEVENT") if event.decoded("dtstart") == END]


def test_every_end_is_an_event_with_the_name_as_it_is(remind):
    calendar = remind("30,14,7,1")
    assert calendar["version"] == "2.0" and calendar["prodid"]
    assert not calendar.errors and not any(event.errors for event in calendar.walk())
    found = sorted(str(event["summary"]) for event in ours(calendar))
    assert found == sorted(f"Cloudflare token {name} ends" for name in NAMES)


def test_each_has_its_own_uid_which_stays(remind):
    first, second = ([str(event["uid"]) for event in ours(remind(days))] for days in ("30,1", "7"))
    assert first == second and len(set(first)) == len(NAMES)


def test_each_has_an_alarm_at_each_of_the_days(remind):
    for event in ours(remind("1,30,7,7")):
        alarms = list(event.walk("VALARM"))
        assert [alarm.decoded("trigger") for alarm in alarms] == [timedelta(days=-days) for days in (30, 7, 1)]
        assert all(alarm["action"] == "DISPLAY" and alarm["description"] for alarm in alarms)
        assert abs(event.decoded("dtstamp") - datetime.now(UTC)) < timedelta(minutes=5)

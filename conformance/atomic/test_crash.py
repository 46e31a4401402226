"""The program is killed at every request of a deploy and of a rollback, before the request is passed on and after it was carried
out; or loses its answer, or is told that the server is busy. Visitors read the site all the while."""

import itertools
import os

import pytest

from .checks import check_pointer, check_visitors
from .stage import TENANT, Visitors
from .wire import FAULTS, KILLS


def consistent(stage, build):
    """The site is that build, and the edge knows it."""
    live = stage.live()
    assert stage.build_of(live) == build
    assert stage.shown() == live, "the edge is behind for good"


def faults(requests):
    """A kill at every request, before and after it; and the other faults at each third, or `ATOMIC_STEP`, each from a start of its
    own."""
    step = int(os.environ.get("ATOMIC_STEP", "3"))
    for start, what in enumerate(FAULTS):
        each = 1 if what in KILLS else step
        for number in range(1 + start % each, requests + 2, each):
            yield number, what


def test_a_deploy_is_all_or_nothing_at_every_request(stage):
    numbers = itertools.count(1)
    assert stage.deploy(next(numbers)).code == 0
    with Visitors(stage) as visitors:
        whole = stage.deploy(next(numbers))
        assert whole.code == 0 and whole.requests > 15, whole
        before, killed_live = 2, 0
        for fault in faults(whole.requests):
            build = next(numbers)
            first = stage.deploy(build, fault=fault)
            now = stage.build_of(stage.live())
            assert now in (before, build), (fault, first)
            if fault[1] in KILLS:
                # Beyond the last request, and at some that are made in any order, there is nobody left to kill.
                assert first.code == -9 or first.requests < fault[0], (fault, first)
                killed_live += first.code != 0 and now == build
            else:
                assert first.code == 0 and now == build, (fault, first)
            again = stage.deploy(build)
            assert again.code == 0, (fault, first, again)
            consistent(stage, build)
            assert stage.marks() == [], (fault, first, again)
            before = build
        assert killed_live > 1, "a run was killed behind the turn"
    print(f"\n{whole.requests} requests a deploy; {check_visitors(stage, visitors)} answers, {check_pointer(stage)} of the pointer")


def test_a_rollback_is_all_or_nothing_at_every_request(stage):
    assert (stage.deploy(1).code, stage.deploy(2).code) == (0, 0)
    with Visitors(stage) as visitors:
        whole = stage.run("site", "rollback", TENANT)
        assert whole.code == 0 and whole.requests > 7, whole
        consistent(stage, 1)
        live, killed_live = 1, 0
        for fault in faults(whole.requests):
            wanted = 3 - live
            first = stage.run("site", "rollback", TENANT, fault=fault)
            now = stage.build_of(stage.live())
            if fault[1] in KILLS:
                assert first.code == -9 or first.requests < fault[0], (fault, first)
                killed_live += first.code != 0 and now == wanted
                # The same command again ends what was begun, and does not go back once more, as long as there is something to end.
                if now != wanted or stage.marks():
                    again = stage.run("site", "rollback", TENANT)
                    assert again.code == 0, (fault, first, again)
            else:
                assert first.code == 0 and now == wanted, (fault, first)
            consistent(stage, wanted)
            assert stage.marks() == [], (fault, first)
            live = wanted
        assert killed_live > 1, "a run was killed behind the turn"
    print(f"\n{whole.requests} requests a rollback; {check_visitors(stage, visitors)} answers, {check_pointer(stage)} of the pointer")


@pytest.mark.parametrize("number", [1])
def test_a_first_deploy_at_every_request(stage, number):
    """Before there is a site. Each fault has a platform's state of its own: the site is removed again."""
    whole = stage.deploy(number)
    assert whole.code == 0, whole
    for fault in ((at, what) for at, what in faults(whole.requests) if what in KILLS):
        removed = stage.run("site", "remove", TENANT, "--yes")
        assert removed.code == 0, (fault, removed)
        first = stage.deploy(number, fault=fault)
        again = stage.deploy(number)
        assert again.code == 0, (fault, first, again)
        consistent(stage, number)
        assert stage.marks() == [], (fault, first, again)

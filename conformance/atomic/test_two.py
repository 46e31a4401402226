"""Two who turn the same pointer at once, and whoever comes between them and the edge."""

import random
import threading

from .checks import check_pointer, check_visitors
from .stage import TENANT, Visitors

#: What the loser is told to do.
REMEDY = "deploy again to put yours in its place"


class Meeting:
    """Lets two writes of the pointer go on together; alone, one waits for some time."""

    def __init__(self):
        self.barrier = threading.Barrier(2)

    def __call__(self, line):
        if line.startswith("PUT ") and line.endswith("/current.json"):
            try:
                self.barrier.wait(timeout=20)
            except threading.BrokenBarrierError:
                pass


def test_of_two_deploys_one_wins_and_the_other_is_told(stage):
    assert stage.deploy(1).code == 0
    with Visitors(stage) as visitors:
        for at in range(8):
            meeting = Meeting()
            builds = [2 + 2 * at, 3 + 2 * at]
            # Both have read the pointer before either writes it.
            runs = [stage.start("site", "deploy", str(stage.build(build)), TENANT, gate=meeting) for build in builds]
            codes = [run.ended().code for run in runs]
            assert sorted(codes) == [0, 5], runs
            winner, loser = runs[codes.index(0)], runs[codes.index(5)]
            assert stage.build_of(stage.live()) == builds[codes.index(0)], winner
            assert REMEDY in loser.error and "went live meanwhile" in loser.error, loser
            assert stage.shown() == stage.live()
            assert stage.marks() == [], runs
            # What the loser is told to do helps.
            again = stage.deploy(builds[codes.index(5)])
            assert again.code == 0 and "0 blobs" in again.out, again
    print(f"\n{check_visitors(stage, visitors, one_writer=False)} answers, {check_pointer(stage)} of the pointer")


def test_two_rollbacks_are_one(stage):
    """Two people press the button at once: the site goes back by one release."""
    for build in (1, 2, 3):
        assert stage.deploy(build).code == 0
    meeting = Meeting()
    runs = [stage.start("site", "rollback", TENANT, gate=meeting) for _ in range(2)]
    codes = sorted(run.ended().code for run in runs)
    assert codes in ([0, 0], [0, 5]), runs
    assert stage.build_of(stage.live()) == 2 and stage.shown() == stage.live(), runs
    check_pointer(stage)


def test_the_edge_is_told_of_what_is_live_whoever_tells_it_last(stage):
    """One deploy turns the pointer and is slow to tell the edge; another does both meanwhile."""
    assert stage.deploy(1).code == 0
    waits, other = threading.Event(), []

    def slow(line):
        if line.startswith("PUT ") and line.endswith(f"/values/site%3A{TENANT}") and not waits.is_set():
            waits.set()
            other.append(stage.deploy(3))

    first = stage.deploy(2, gate=slow)
    assert waits.is_set() and (first.code, other[0].code) == (0, 0), (first, other)
    assert stage.build_of(stage.live()) == 3
    assert stage.shown() == stage.live(), "the edge shows what is live no more"
    check_pointer(stage)


def test_random_pairs(stage):
    """Deploys, rollbacks and promotions at once, with pauses of their own."""
    assert stage.deploy(1).code == 0
    chance = random.Random(11)
    for build in range(2, 12):
        pauses = [[chance.random() * 0.03 for _ in range(64)] for _ in range(2)]
        runs = []
        for pause in pauses:
            work = chance.choice([("site", "deploy", str(stage.build(build)), TENANT), ("site", "rollback", TENANT)])
            waits = iter(pause)
            runs.append(stage.start(*work, gate=lambda _, waits=waits: threading.Event().wait(next(waits, 0))))
        codes = [run.ended().code for run in runs]
        # Back beyond the first release there is none.
        assert set(codes) <= {0, 2, 5} and 0 in codes or build == 2, runs
        assert stage.shown() == stage.live(), runs
        assert stage.marks() == [], runs
    check_pointer(stage)

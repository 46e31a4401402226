"""Deploys, rollbacks, promotions, previews, sweeps and removals at once, with faults and pauses as chance has it. `ATOMIC_ROUNDS`
and `ATOMIC_SEED` make it longer, and another."""

import os
import random
import threading
import time

import proof

from .checks import check_pointer, check_visitors
from .stage import BUCKET, TENANT, Visitors
from .wire import FAULTS, KILLS

SEED = int(os.environ.get("ATOMIC_SEED", "7"))
ROUNDS = int(os.environ.get("ATOMIC_ROUNDS", "25"))


class Pauses:
    """A pause before each request, the same ones for the same seed."""

    def __init__(self, chance):
        self.lock, self.chance, self.most = threading.Lock(), random.Random(chance.random()), chance.choice([0, 0.005, 0.03])

    def __call__(self, _):
        with self.lock:
            pause = self.chance.random() * self.most
        time.sleep(pause)


class Schedule:
    """A round: what runs at once, each with a fault or none."""

    def __init__(self, stage, chance, kinds):
        self.runs = []
        for _ in range(chance.choice([1, 2, 2, 3])):
            fault = (chance.randint(1, 22), chance.choice(FAULTS)) if chance.random() < 0.6 else None
            arguments = self.arguments(stage, chance, chance.choice(kinds))
            self.runs.append((arguments, fault, stage.start(*arguments, fault=fault, gate=Pauses(chance))))
            time.sleep(chance.choice([0, 0, 0.05]))
        self.ended = [run.ended() for _, _, run in self.runs]

    def arguments(self, stage, chance, kind):
        folder = str(stage.build(chance.randint(1, 6)))
        return {
            "deploy": ("site", "deploy", folder, TENANT), "preview": ("site", "deploy", folder, TENANT, "--preview"),
            "rollback": ("site", "rollback", TENANT), "sync": ("site", "sync", TENANT),
            "promote": ("site", "promote", TENANT, chance.choice(stage.all_releases() or ["0123456789abcdef"])),
            "gc": ("site", "gc", TENANT, "--keep", str(chance.choice([1, 2])), "--days", "0", "--yes"),
            "remove": ("site", "remove", TENANT, "--yes"),
        }[kind]

    @property
    def is_quiet(self):
        """Whether nobody was killed, so that nothing is left to be ended."""
        return all(run.code >= 0 for run in self.ended)

    def __repr__(self):
        return "\n\n".join(f"{arguments} {fault}: {run}" for arguments, fault, run in self.runs)


def check_end(stage, schedule, number):
    """Nobody crashed in another way than by us; and what is live is whole, as is all that can become live."""
    what = f"seed {SEED}, round {number}:\n{schedule}"
    for arguments, fault, run in schedule.runs:
        assert run.code in (0, 1, 2, 5) or (fault and fault[1] in KILLS and run.code == -9), what
    blobs = stage.blobs()
    pointer = stage.pointer()
    previews = [run.out.split()[2] for arguments, _, run in schedule.runs if run.code == 0 and run.out.startswith("preview:")]
    swept = any("gc" in arguments or "remove" in arguments for arguments, _, _ in schedule.runs)
    wanted = [pointer["release"]] if pointer else []
    for release in wanted + ([] if swept else previews):
        document = stage.document(release)
        assert document, f"{release} is gone; {what}"
        gone = [path for path, row in document["files"].items() if row["sha256"] not in blobs]
        assert not gone, f"{release} lacks {gone}; {what}"


def test_visitors_of_a_busy_site(stage):
    """No sweep: of what visitors may still ask for, nothing goes."""
    chance = random.Random(SEED)
    assert stage.deploy(1).code == 0
    with Visitors(stage) as visitors:
        for number in range(ROUNDS):
            schedule = Schedule(stage, chance, ["deploy", "deploy", "deploy", "rollback", "promote", "preview", "sync"])
            check_end(stage, schedule, number)
            if schedule.is_quiet:
                assert stage.shown() == stage.live(), f"seed {SEED}, round {number}: the edge is behind\n{schedule}"
            # Whoever looks after it ends what others left.
            assert stage.run("site", "promote", TENANT, stage.live()).code == 0
            assert stage.shown() == stage.live(), f"seed {SEED}, round {number}: the edge is behind for good\n{schedule}"
    print(f"\nseed {SEED}: {check_visitors(stage, visitors, one_writer=False)} answers, {check_pointer(stage)} of the pointer")


def test_sweeps_and_removals(stage):
    """What is live keeps all its files, whoever sweeps or removes meanwhile."""
    chance = random.Random(SEED)
    for number in range(ROUNDS):
        kinds = ["deploy", "deploy", "preview", "rollback", "promote", "gc", "gc"] + ["remove"] * (number % 3 == 0)
        schedule = Schedule(stage, chance, kinds)
        check_end(stage, schedule, number)
        # The marks of the dead keep sweeps away for long: time passes.
        stage.forget_the_dead()
        stage.deploy(chance.randint(1, 6))
    print(f"\nseed {SEED}: {check_pointer(stage)} of the pointer")


def test_the_live_site_is_whole_after_all(stage):
    """A sweep with nothing to wait for, and then an export, which compares every file with its digest."""
    for build in (1, 2, 3):
        assert stage.deploy(build).code == 0
    swept = stage.run("site", "gc", TENANT, "--keep", "1", "--days", "0", "--yes")
    assert swept.code == 0, swept
    home = stage.folder / "home"
    assert stage.run("site", "export", TENANT, str(home)).code == 0
    assert (home / "index.html").read_bytes() == (stage.build(3) / "index.html").read_bytes()
    kept = stage.admin("GET", f"/accounts/{proof.ACCOUNT}/r2/buckets/{BUCKET}/objects?prefix=sites/{TENANT}/releases/&per_page=1000")
    assert len(kept) == 2, kept

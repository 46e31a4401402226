"""What benches/sites.sh runs: rows of measurements, each with its bounds. Medians of ROUNDS runs in random order; each run has a
sink of its own, and every program at most 1,024 descriptors. The peers' options are their fastest here: rclone asks nothing
about what it has sent (--s3-no-head) or about what is there (--no-check-dest, --no-traverse, --s3-no-check-bucket)."""

import os, random, resource, shutil, statistics, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

release, peers = Path(sys.argv[1]), Path(sys.argv[2])
rows = sys.argv[3:] or ["many", "large", "far", "unchanged", "changed", "touched"]
rounds, jobs = int(os.environ.get("ROUNDS", 5)), os.environ.get("JOBS", "64")
many = int(os.environ.get("FILES", 20_000))
work = Path(tempfile.mkdtemp(prefix="flarekeep-sites-"))
# Nothing of the machine's settings: no proxy, no CA bundle, no profile.
environment = {
    "PATH": os.environ["PATH"], "HOME": str(work), "XDG_STATE_HOME": str(work), "RCLONE_CONFIG": "/dev/null",
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "auto", "AWS_DEFAULT_REGION": "auto",
    "AWS_EC2_METADATA_DISABLED": "true",
    "R2_ACCESS_KEY_ID": "bench", "R2_SECRET_ACCESS_KEY": "bench", "R2_BUCKET_NAME": "sites",
}
broken = []


class Sink:
    def __init__(self, latency=0, etags=False):
        command = [release / "examples/s3_sink", str(latency), *(["etags"] if etags else [])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def puts(self):
        return int(urllib.request.urlopen(self.url + "/puts").read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def command(name, url, site):
    rclone = ["rclone", "copy", str(site), f":s3,provider=Other,env_auth=true,endpoint='{url}':sites/x", "--s3-no-check-bucket", "--s3-list-version", "2"]
    aws = [str(peers / "aws"), "--endpoint-url", url, "s3"]
    s5cmd = [str(peers / "s5cmd"), "--endpoint-url", url, "--numworkers", jobs]
    return {
        "limit": [str(release / "examples/bare_put"), url, str(site), jobs],
        "flarekeep": [str(release / "flarekeep"), "site", "deploy", str(site), "bench", "--endpoint", url, "--jobs", jobs, "--json"],
        "rclone": [*rclone, "--transfers", "32", "--checkers", "32", "--s3-no-head", "--no-traverse", "--no-check-dest"],
        "rclone --checksum": [*rclone, "--transfers", "32", "--checkers", "32", "--s3-no-head", "--checksum"],
        "s5cmd": [*s5cmd, "cp", f"{site}/", "s3://sites/x/"],
        "s5cmd sync": [*s5cmd, "sync", f"{site}/", "s3://sites/x/"],
        "aws": [*aws, "cp", "--recursive", "--only-show-errors", str(site), "s3://sites/x"],
        "aws sync": [*aws, "sync", "--only-show-errors", str(site), "s3://sites/x"],
    }[name]


def run(name, url, site):
    """Seconds, processor seconds, MiB, standard output."""
    out, errors = open(work / "out", "w+"), open(work / "errors", "w+")
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    start = time.monotonic()
    process = subprocess.Popen(command(name, url, site), stdout=out, stderr=errors, env=environment, preexec_fn=limit)
    _, status, use = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    process.returncode = status
    if status:
        errors.seek(0)
        sys.exit(f"{name} failed: {errors.read()[-500:]}")
    out.seek(0)
    return took, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, out.read()


def folder(name, files, size):
    site = work / name
    site.mkdir()
    for number in range(files):
        (site / f"f{number:06}.bin").write_bytes(os.urandom(size))
    return site


def measure(title, names, site, latency=0, seed=None, slow=()):
    """Medians by name. `seed` is who has uploaded to a sink before, by name; a slow one runs in the first round alone."""
    names = [name for name in names if name not in os.environ.get("WITHOUT", "").split()]
    found = {name: [] for name in names}
    for number in range(rounds):
        for name in random.sample(names, len(names)):
            if name in slow and number:
                continue
            with Sink(latency, etags=seed is not None) as sink:
                if seed is not None:
                    run(seed[name], sink.url, site)
                found[name].append(run(name, sink.url, site)[:3])
    medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in found.items()}
    print(f"\n{title}\n{'':18} {'seconds':>9} {'cpu s':>8} {'MiB':>7}")
    for name, (took, cpu, memory) in medians.items():
        print(f"{name:18} {took:9.3f} {cpu:8.2f} {memory:7.1f}")
    return medians


def bound(what, is_held):
    print(f"  {'holds' if is_held else 'BROKEN'}: {what}")
    broken.extend([what] * (not is_held))


def row_many():
    site = folder("many", many, 2048)
    all = measure(f"{many:,} files of 2 KiB", ["limit", "flarekeep", "rclone", "s5cmd", "aws"], site, slow=["s5cmd", "aws"])
    ours, limit, rclone = all["flarekeep"], all["limit"][0], all["rclone"][0]
    for name in all:
        print(f"  {name}: {all[name][0] / limit:.2f} times the limit, {many / all[name][0]:,.0f} files a second")
    bound(f"at most 1/8 of rclone's time: 1/{rclone / ours[0]:.1f}", ours[0] <= rclone / 8)
    bound(f"at most 2.2 times the limit: {ours[0] / limit:.2f}", ours[0] <= 2.2 * limit)
    bound(f"at most 40 MiB: {ours[2]:.1f}", ours[2] <= 40)
    shutil.rmtree(site)


def row_large():
    site = folder("large", 200, 1 << 20)
    all = measure("200 files of 1 MiB", ["limit", "flarekeep", "rclone"], site)
    ratio = all["flarekeep"][1] / all["rclone"][1]
    bound(f"at most a third of rclone's processor time: {ratio:.2f}", ratio <= 1 / 3)
    shutil.rmtree(site)


def row_far():
    site = folder("far", 1_000, 2048)
    all = measure(f"1,000 files of 2 KiB, every answer 20 ms away, {jobs} in flight", ["limit", "flarekeep"], site, latency=20)
    ratio = all["flarekeep"][0] / all["limit"][0]
    bound(f"within 1.3 times the limit: {ratio:.2f}", ratio <= 1.3)
    shutil.rmtree(site)


def row_unchanged():
    site = folder("unchanged", many, 2048)
    seed = {"flarekeep": "flarekeep", "rclone --checksum": "rclone"}
    all = measure(f"{many:,} files, nothing changed", list(seed), site, seed=seed)
    ratio = all["rclone --checksum"][0] / all["flarekeep"][0]
    bound(f"at most 1/8 of the time of rclone --checksum: 1/{ratio:.1f}", ratio >= 8)
    with Sink() as sink:
        run("flarekeep", sink.url, site)
        requests = int(run("flarekeep", sink.url, site)[3].split('"requests":')[1].split(",")[0])
    bound(f"at most 2 requests: {requests}", requests <= 2)
    shutil.rmtree(site)


SEEDS = {"flarekeep": "flarekeep", "rclone --checksum": "rclone", "s5cmd sync": "s5cmd", "aws sync": "aws"}


def uploads(title, change):
    """How many of 1,000 files each uploads again after the change."""
    site = folder("again", 1_000, 2048)
    print(f"\n{title}: uploaded of 1,000 files")
    found = {}
    for name, seed in SEEDS.items():
        with Sink(etags=True) as sink:
            run(seed, sink.url, site)
            undo = change(site)
            before = sink.puts()
            out = run(name, sink.url, site)[3]
            found[name] = sink.puts() - before
            if name == "flarekeep":
                found[name] = int(out.split('"uploaded":')[1].split(",")[0])
            undo()
        print(f"  {name}: {found[name]}")
    shutil.rmtree(site)
    return found


def row_changed():
    def change(site):
        file = site / "f000500.bin"
        old, facts = file.read_bytes(), file.stat()
        file.write_bytes(bytes(byte ^ 1 for byte in old))
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return lambda: (file.write_bytes(old), os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns)))

    found = uploads("One file changed, its size and time stamp the same", change)
    bound("found", found["flarekeep"] == 1)


def row_touched():
    def change(site):
        later = time.time() + 60
        for file in site.iterdir():
            os.utime(file, (later, later))
        return lambda: None

    found = uploads("All time stamps are new, as in a fresh checkout", change)
    bound("nothing uploaded", found["flarekeep"] == 0)


try:
    for row in rows:
        globals()[f"row_{row}"]()
finally:
    shutil.rmtree(work)
sys.exit(bool(broken))

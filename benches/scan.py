"""What benches/scan.sh runs: all files of a folder scanned by each program. The page cache is warm; medians of ROUNDS runs in
random order. Exit status 1 where a bound is missed or something is found, which would be a false alarm."""

import json, os, random, re, resource, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

here = Path(__file__).parent
rounds = int(os.environ.get("ROUNDS", 7))
least_bytes, least_files = 500_000_000, 30_000


def make_corpus(corpus, locks):
    """The registry's sources of every package that the lock files name, as cargo has unpacked them."""
    listed = re.compile(r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "registry')
    wanted = sorted({"-".join(found) for lock in locks for found in listed.findall(Path(lock).read_text())})
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for name in wanted:
        for source in home.glob(f"registry/src/*/{name}"):
            if not (corpus / name).exists():
                shutil.copytree(source, corpus / name, symlinks=True)


def measure(folder):
    files = [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]
    return len(files), sum(path.stat().st_size for path in files)


def timed(command, statuses):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in statuses:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, processor, done.stdout.decode(errors="replace")


def contenders(release, rg, kingfisher, folder):
    """For each: the command, and the exit statuses that are none of a failure."""
    all_ = {
        "limit": ([release / "examples/bare_walk", folder], [0]),
        "flarekeep": ([release / "flarekeep", "scan", "--no-ignore", "--json", folder], [0, 1]),
        "ripgrep": ([rg, "--no-config", "--no-ignore", "--hidden", "--no-heading", "-f", here / "scan.patterns", folder], [0, 1]),
    }
    if kingfisher:
        # Its fastest options, and the rules for Cloudflare alone.
        options = "--turbo --rule betterleaks.cloudflare --rule veles.secrets/cloudflareapitoken --no-validate --git-history none --no-binary --no-extract-archives --no-ignore --no-update-check --format jsonl --quiet"
        all_["kingfisher"] = ([kingfisher, "scan", folder, *options.split()], [0, 200, 205])
    return {name: ([str(word) for word in command], statuses) for name, (command, statuses) in all_.items()}


def places(name, text):
    """How many findings a program tells."""
    if name == "flarekeep":
        return len(json.loads(text)["findings"])
    return sum(1 for line in text.splitlines() if name == "ripgrep" or line.startswith('{"rule"'))


def main():
    release, corpus, rg, kingfisher = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    files, size = measure(corpus)
    print(f"{files:,} files, {size / 1e6:,.0f} MB, {rounds} rounds, {os.cpu_count()} processors")
    for program, option in ((rg, "--version"), (kingfisher, "--version")):
        print(f"  {subprocess.run([program, option], capture_output=True, text=True).stdout.splitlines()[0]}" if program else "  no kingfisher")
    broken = [] if size >= least_bytes and files >= least_files else [f"less than {least_files:,} files or {least_bytes / 1e6:.0f} MB"]

    commands = contenders(release, rg, kingfisher, corpus)
    took = {name: [] for name in commands}
    processor = {name: [] for name in commands}
    for turn in range(rounds + 1):  # the first is not counted: it warms the page cache
        for name, (command, statuses) in random.sample(sorted(commands.items()), len(commands)):
            wall, cpu, text = timed(command, statuses)
            if turn:
                took[name].append(wall)
                processor[name].append(cpu)
            if name == "flarekeep":
                found = json.loads(text)
                if found["findings"]:
                    broken.append(f"{len(found['findings'])} findings in public sources: a false alarm, or a leak")
                unread = found["unread"]

    medians = {name: statistics.median(times) for name, times in took.items()}
    for name, median in medians.items():
        spread = f"{min(took[name]):.2f} to {max(took[name]):.2f}"
        print(f"{name:<11} {median:6.2f} s ({spread})  {statistics.median(processor[name]):6.2f} s of processor  {size / 1e6 / median:6,.0f} MB/s")
    print(f"not read to their end: {len(unread)}")
    for name, bound in (("limit", 1.5), ("ripgrep", 0.8), ("kingfisher", 0.25)):
        if name in medians:
            ratio = medians["flarekeep"] / medians[name]
            work = statistics.median(processor["flarekeep"]) / statistics.median(processor[name])
            print(f"flarekeep to {name}: {ratio:.2f} (bound {bound}), {work:.2f} in processor time")
            if ratio > bound:
                broken.append(f"{ratio:.2f} times {name} is more than {bound}")

    with tempfile.TemporaryDirectory() as leaks:
        # Unpacked: ripgrep opens no archive.
        subprocess.run(["tar", "xzf", here.parent / "examples/leaks/shop.tar.gz", "-C", leaks], check=True)
        planted = {name: places(name, timed(*one)[2]) for name, one in contenders(release, rg, kingfisher, Path(leaks)).items() if name != "limit"}
    print("of examples/leaks: " + ", ".join(f"{name} {number}" for name, number in planted.items()))
    for fault in dict.fromkeys(broken):
        print(f"BROKEN: {fault}")
    sys.exit(bool(broken))


if sys.argv[1] == "--corpus":
    make_corpus(Path(sys.argv[2]), sys.argv[3:])
else:
    main()

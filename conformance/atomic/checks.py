"""What must hold of everything that was seen."""

from .register import NEVER, is_linearisable
from .stage import FINGERPRINTED, MEMO


def check_pointer(stage):
    """The pointer is one register: conditional writes with what they were told, and what was read of it."""
    history = stage.kept.pointer
    assert is_linearisable(history), "\n".join(map(str, sorted(history, key=lambda operation: operation.begin)))
    return len(history)


def check_visitors(stage, visitors, one_writer=True):
    """Every answer belongs wholly to the release that it names, which was published; it is as new as the edge has to be; and no
    visitor goes back in time while nobody takes the site back."""
    written = [op for op in stage.kept.pointer if op.kind == "write" and (op.done or op.end == NEVER)]
    published = {}
    for operation in written:
        release = stage.kept.releases[operation.value]
        published[release] = min(operation.begin, published.get(release, NEVER))
    documents = {release: stage.document(release) for release in published}
    builds = {release: stage.build_of(release) for release in published if documents[release]}
    for seen in visitors.seen:
        page, turn = None, 0
        for answer in seen:
            what = f"{answer}\nof {builds}"
            assert answer.release in builds, f"not published: {what}"
            assert published[answer.release] <= answer.end, f"before it was published: {what}"
            if answer.path == "/":
                page = answer.release
            if FINGERPRINTED.fullmatch(answer.path) and answer.status == 404:
                check_gone(stage, answer, page, what)
                continue
            check_whole(answer, documents[answer.release], builds[answer.release], what)
            if FINGERPRINTED.fullmatch(answer.path):
                assert builds[answer.release] == builds[page], what
                continue
            check_fresh(stage, answer, what)
            if one_writer:
                turn = check_forward(stage, answer, turn, what)
    return sum(map(len, visitors.seen))


def check_whole(answer, document, build, what):
    """Its content, its rules and its redirects are those of one release."""
    assert answer.headers.get("x-build", str(build)) == str(build), what
    if answer.path == "/where":
        assert (answer.status, answer.headers["location"]) == (302, f"/build-{build}"), what
        return
    row = document["files"]["/index.html" if answer.path == "/" else answer.path]
    assert (answer.status, answer.digest, answer.headers["etag"]) == (200, row["sha256"], f'"{row["sha256"]}"'), what
    assert answer.headers["x-build"] == str(build), what


def check_gone(stage, answer, page, what):
    """A page's own file is there as long as at most three other releases went live since."""
    known = [release for release, begin, _ in stage.kept.edge if begin <= answer.end]
    since = known[len(known) - known[::-1].index(page) :]
    assert len(set(since)) > 3, f"of {page}, after {since}: {what}"


def check_fresh(stage, answer, what):
    """The edge's copy named this release at some moment from the memo's time before the request to the answer."""
    edge = stage.kept.edge
    for at, (release, begin, _) in enumerate(edge):
        if release == answer.release and begin <= answer.end:
            later = [end for other, _, end in edge[at + 1 :] if other != release]
            if not later or later[0] >= answer.begin - MEMO:
                return
    raise AssertionError(f"staler than {MEMO} s: {what}\n{edge}")


def check_forward(stage, answer, turn, what):
    """The turn of the edge's copy that the answer shows, which is none before the last one's."""
    for at in range(turn, len(stage.kept.edge)):
        release, begin, _ = stage.kept.edge[at]
        if release == answer.release and begin <= answer.end:
            return at
    raise AssertionError(f"back before turn {turn}: {what}\n{stage.kept.edge}")

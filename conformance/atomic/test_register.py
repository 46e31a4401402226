"""The checker of histories, against one that tries everything."""

import random

import pytest

from .register import NEVER, NOTHING, Operation, is_linearisable, is_linearisable_slowly


def history(chance):
    """A few operations, whose answers are right for some order of them, or nearly."""
    state, now, found = NOTHING, 0.0, []
    for _ in range(chance.randint(1, 6)):
        now += 1
        begin, end = now - chance.random() * 3, now + chance.random() * 3
        if chance.random() < 0.5:
            found.append(Operation("read", state, begin, end))
            continue
        if chance.random() < 0.2:
            lost = chance.random() < 0.5
            found.append(Operation("delete", NOTHING, begin, NEVER if lost else end))
            state = NOTHING if not lost or chance.random() < 0.5 else state
            continue
        before = state if chance.random() < 0.7 else chance.choice([NOTHING, 1, 2, 3])
        value, done = chance.choice([1, 2, 3]), before == state
        lost = chance.random() < 0.25
        found.append(Operation("write", value, begin, NEVER if lost else end, before, done))
        if done and not (lost and chance.random() < 0.5):
            state = value
    if chance.random() < 0.5:
        at = chance.randrange(len(found))
        one = found[at]
        found[at] = Operation(one.kind, chance.choice([NOTHING, 1, 2, 3]), one.begin, one.end, one.before, one.done)
    return found


def test_both_checkers_agree():
    chance, verdicts = random.Random(7), {True: 0, False: 0}
    for number in range(4_000):
        made = history(chance)
        verdict = is_linearisable(made)
        assert verdict == is_linearisable_slowly(made), (number, made)
        verdicts[verdict] += 1
    assert min(verdicts.values()) > 400, verdicts


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        ([Operation("write", 1, 0, 1), Operation("read", 1, 2, 3)], True),
        # An old value after the new one was read.
        ([Operation("write", 1, 0, 5), Operation("read", 1, 1, 2), Operation("read", NOTHING, 3, 4)], False),
        # Two writers from the same value, and both are told that they have won.
        ([Operation("write", 1, 0, 3), Operation("write", 2, 1, 2)], False),
        ([Operation("write", 1, 0, 3), Operation("write", 2, 1, 2, done=False)], True),
        # A write whose answer was lost: seen, or never seen, but not seen and then unseen.
        ([Operation("write", 1, 0), Operation("read", NOTHING, 1, 2), Operation("read", 1, 3, 4)], True),
        ([Operation("write", 1, 0), Operation("read", 1, 1, 2), Operation("read", NOTHING, 3, 4)], False),
        # Nobody wrote it.
        ([Operation("read", 9, 0, 1)], False),
    ],
)
def test_histories(made, verdict):
    assert is_linearisable(made) == verdict
    assert is_linearisable_slowly(made) == verdict


def test_a_long_history():
    made, state = [], NOTHING
    for number in range(5_000):
        made += [Operation("write", number, 3 * number, 3 * number + 4.5, state), Operation("read", number, 3 * number + 1, 3 * number + 4)]
        state = number
    assert is_linearisable(made)
    assert not is_linearisable([*made, Operation("read", 4_000, 14_000, 14_001)])

"""Whether a history of one register could have happened one operation after the other: a search after Wing and Gong ("Testing
and Verifying Concurrent Objects", 1993), with what was seen of a state remembered so that no state is searched twice."""

import itertools
from dataclasses import dataclass

#: The register holds nothing.
NOTHING = None
NEVER = float("inf")


@dataclass(frozen=True)
class Operation:
    """What was asked of a register, from `begin` to `end`; without an end nobody knows whether it was done."""

    kind: str  # "read", "write" where the register holds `before`, "delete" whatever it holds
    value: object  # what was read, or is to be written
    begin: float
    end: float = NEVER
    before: object = NOTHING
    done: bool = True  # of a write: whether the condition held


def step(state, operation):
    """The state behind an operation, and whether it may have answered as it did. One without an answer may be either."""
    if operation.kind == "read":
        return state, operation.value == state
    if operation.kind == "delete":
        return NOTHING, True
    holds = state == operation.before
    if operation.end == NEVER:
        return (operation.value if holds else state), True
    return (operation.value if operation.done else state), holds == operation.done


def is_linearisable(history, state=NOTHING):
    """Whether there is an order of all operations that were answered, and any of the others, which keeps to the order of those
    that did not overlap, and in which a register gives these answers."""
    waiting = sorted(history, key=lambda operation: operation.begin)
    seen = set()
    # What is done: all before `first`, and `extra` behind it.
    stack = [(0, frozenset(), state)]
    while stack:
        place = stack.pop()
        if place in seen:
            continue
        seen.add(place)
        first, extra, state = place
        while first in extra:
            extra -= {first}
            first += 1
        horizon = NEVER
        answered = False
        for at in range(first, len(waiting)):
            operation = waiting[at]
            # What begins when another that waits has ended comes behind it.
            if operation.begin > horizon:
                break
            if at in extra:
                continue
            horizon = min(horizon, operation.end)
        for at in range(first, len(waiting)):
            operation = waiting[at]
            if operation.begin > horizon:
                break
            if at in extra:
                continue
            answered = answered or operation.end < NEVER
            after, fits = step(state, operation)
            if fits:
                stack.append((first, extra | {at}, after))
        if horizon == NEVER and not answered:
            return True
    return False


def is_linearisable_slowly(history, state=NOTHING):
    """The same by trying every order of every choice: for a few operations."""
    answered = [operation for operation in history if operation.end < NEVER]
    unknown = [operation for operation in history if operation.end == NEVER]
    for number in range(len(unknown) + 1):
        for some in itertools.combinations(unknown, number):
            for order in itertools.permutations(answered + list(some)):
                kept = all(one.begin <= other.end for at, one in enumerate(order) for other in order[at:])
                if kept and _gives(order, state):
                    return True
    return False


def _gives(order, state):
    for operation in order:
        state, fits = step(state, operation)
        if not fits:
            return False
    return True

"""The worker pool: order, limits, and one bad item costing no other its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from kg.engine import Outcome, run_inline, run_workers
from kg.errors import KGError


def act(item: str) -> str:
    """Misbehaves on demand."""
    if item == "hang":
        time.sleep(60)
    elif item == "exit":
        os._exit(3)
    elif item == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif item == "memory":
        return "x" * 3_000_000_000
    elif item == "recursion":
        return act_deep(item)
    elif item == "error":
        raise ValueError("no good")
    return item.upper()


def act_deep(item: str) -> str:
    return act_deep(item)


def make_actor() -> Callable[[str], str]:
    return act


def make_nothing() -> Callable[[str], str]:
    raise KGError("no such pipeline")


def make_unpicklable() -> Callable[[str], object]:
    return lambda item: (lambda: item) if item == "bad" else item


def run(items: list[str], *, workers: int = 2, seconds: float = 2.0) -> list[Outcome[str, str]]:
    return list(run_workers(make_actor, items, workers=workers, seconds=seconds, megabytes=500))


def test_inline_keeps_order_and_going() -> None:
    assert list(run_inline(act, ["a", "error", "b"])) == [
        Outcome("a", "A"),
        Outcome("error", None, "failed unexpectedly (ValueError: no good)"),
        Outcome("b", "B"),
    ]


def test_workers_keep_order() -> None:
    items = [f"item{i}" for i in range(200)]
    assert run(items) == [Outcome(item, item.upper()) for item in items]


@pytest.mark.parametrize(
    ("bad", "reason", "passing"),
    [
        ("hang", "took longer than 2 s; raise the limit with --max-seconds", True),
        ("exit", "ended its worker process (exit code 3)", True),
        ("segv", "ended its worker process (SIGSEGV)", True),
        ("memory", "needs more memory than the limit; raise it with --max-memory", True),
        ("recursion", "is nested too deeply", False),
        ("error", "failed unexpectedly (ValueError: no good)", False),
    ],
)
def test_one_bad_item_costs_no_other_its_place(bad: str, reason: str, passing: bool) -> None:
    items = [f"item{i}" for i in range(20)]
    items.insert(7, bad)
    expected = [Outcome(item, item.upper()) for item in items]
    expected[7] = Outcome(bad, None, reason, passing)
    assert run(items) == expected


def test_every_item_bad_still_ends() -> None:
    assert [o.reason for o in run(["exit"] * 5)] == ["ended its worker process (exit code 3)"] * 5


def test_result_that_cannot_travel() -> None:
    outcomes = list(run_workers(make_unpicklable, ["a", "bad", "b"], workers=1, seconds=5, megabytes=500))
    assert [o.value for o in outcomes] == ["a", None, "b"]
    assert "pickle" in str(outcomes[1].reason)


def test_setup_that_fails_is_said_once() -> None:
    with pytest.raises(KGError, match="no such pipeline"):
        list(run_workers(make_nothing, ["a"], workers=2, seconds=5, megabytes=500))


def test_driver_looks_ahead_only_a_little() -> None:
    taken = 0

    def items() -> Iterator[str]:
        nonlocal taken
        for i in range(1_000):
            taken += 1
            yield f"item{i}"

    outcomes = run_workers(make_actor, items(), workers=2, seconds=5, megabytes=500)
    next(outcomes)
    assert taken < 40
    outcomes.close()


def test_no_worker_outlives_a_killed_driver() -> None:
    script = (
        "import multiprocessing, tests.test_engine as t, kg.engine as e\n"
        "if __name__ == '__main__':\n"
        "    for _ in e.run_workers(t.make_actor, iter(lambda: 'x', 0), workers=2, seconds=9, megabytes=500):\n"
        "        print(*[p.pid for p in multiprocessing.active_children()], flush=True)\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    pids = [int(pid) for pid in driver.stdout.readline().split()]
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + 10
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pids
    assert not any(is_alive(pid) for pid in pids)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False

"""Runners shaped like the builtin ``map``: in this process, or in worker processes with limits.

A worker returns values; it never writes a store. Whatever happens to one item (an exception, a hang, a crash, too much
memory) becomes that item's Outcome, and every other item keeps its place in the order.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from kg.errors import KGError, ReadError

Item = TypeVar("Item")
Value = TypeVar("Value")

AHEAD = 2  # items at each worker: the one it works on, and the next, so that it never waits for the driver
LOOK_AHEAD = 8  # items a worker that may be done before the first in order is: bounds what the driver holds
TELL_SECONDS = 0.2  # between two signs of life
START_SECONDS = 120.0  # to import and load a pipeline on a slow disk
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Value]):
    """What became of ``item``: its value, or the reason why there is none."""

    item: Item
    value: Value | None = None
    reason: str | None = None  # None: it worked
    passing: bool = False  # worth trying again: time-out, out of memory, a worker that died


Follow = Callable[[Outcome[Item, Value]], Sequence[Item]]
"""The items that an outcome calls for: they are run next, and their outcomes come right after it."""


def run_inline(
    function: Callable[[Item], Value], items: Iterable[Item], *, follow: Follow[Item, Value] | None = None
) -> Iterator[Outcome[Item, Value]]:
    """``map`` in this process: no limits, but an exception is the item's own."""
    for item in items:
        waiting = deque([item])
        while waiting:
            outcome = try_item(function, waiting.popleft())
            yield outcome
            if follow:
                waiting.extendleft(reversed(follow(outcome)))


def try_item(function: Callable[[Item], Value], item: Item) -> Outcome[Item, Value]:
    try:
        return Outcome(item, function(item))
    except Exception as error:
        return Outcome(item, None, *explain_error(error))


def run_workers(
    setup: Callable[..., Callable[[Item], Value]],
    items: Iterable[Item],
    *,
    arguments: tuple[Any, ...] = (),
    workers: int,
    seconds: float,
    megabytes: int,
    follow: Follow[Item, Value] | None = None,
) -> Iterator[Outcome[Item, Value]]:
    """``map(setup(*arguments), items)`` in ``workers`` processes, in order.

    ``setup`` runs once in each process; it and the items must be picklable. ``seconds``: wall time of one item, or
    since it last called ``report_alive``, after which its process is killed and replaced. ``megabytes``: memory a
    process may take beyond what it holds after setup. ``follow``: what an outcome calls for.
    Raises KGError where a process cannot be set up.
    """
    pool = Pool(setup, arguments, seconds, megabytes)
    try:
        yield from pool.run(items, workers, follow)
    finally:
        pool.stop()


def explain_error(error: BaseException) -> tuple[str, bool]:
    """(reason in words, whether trying again may help)."""
    if isinstance(error, ReadError):
        return str(error), error.passing
    if isinstance(error, KGError):
        return str(error), False
    if isinstance(error, MemoryError):
        return "needs more memory than the limit; raise it with --max-memory", True
    if isinstance(error, RecursionError):
        return "is nested too deeply", False
    return f"failed unexpectedly ({type(error).__name__}: {error})"[:300], False


def report_alive() -> None:
    """Say from within an item, of which the parts are done one by one, that another is done: its time begins anew."""
    if tell_driver is not None:
        tell_driver()


tell_driver: Callable[[], None] | None = None  # set in worker processes only


def make_teller(pipe: Connection) -> Callable[[], None]:
    told = time.monotonic()

    def tell() -> None:
        nonlocal told
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            pipe.send(("alive", None, False))

    return tell


def serve(pipe: Connection, setup: Callable[..., Any], arguments: tuple[Any, ...], megabytes: int) -> None:
    """A worker's life: set up, then answer each item until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    try:
        function = setup(*arguments)
        limit_memory(megabytes)
    except BaseException as error:
        pipe.send(("failed", *explain_error(error)))
        return
    pipe.send(("ready", None, False))
    global tell_driver
    tell_driver = make_teller(pipe)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            number, item = pipe.recv()
            pipe.send_bytes(answer(function, number, item))


def answer(function: Callable[[Any], Any], number: int, item: Any) -> memoryview:
    """The pickled answer, made whole before any of it is sent."""
    try:
        return ForkingPickler.dumps((number, function(item), None, False))
    except Exception as error:
        return ForkingPickler.dumps((number, None, *explain_error(error)))


def limit_memory(megabytes: int) -> None:
    """Bound this process's address space, where the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    with open("/proc/self/statm") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + megabytes * 1_000_000, resource.RLIM_INFINITY))


@dataclass(slots=True)
class Worker:
    process: BaseProcess
    pipe: Connection
    numbers: deque[int] = field(default_factory=deque)  # of the items it holds, the first being worked on
    since: float = 0.0  # when it began the first
    ready: bool = False


class Pool:
    """Worker processes and the items they hold."""

    def __init__(self, setup: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, megabytes: int) -> None:
        self.setup, self.arguments, self.seconds, self.megabytes = setup, arguments, seconds, megabytes
        self.context = multiprocessing.get_context("spawn")  # a forked copy of threads and open files is not sound
        self.workers: list[Worker] = []
        self.numbers = count()
        self.held: dict[int, Any] = {}  # items handed out or waiting to be
        self.again: deque[int] = deque()  # items whose worker died before it came to them
        self.done: dict[int, Outcome[Any, Any]] = {}

    def run(
        self, items: Iterable[Any], workers: int, follow: Follow[Any, Any] | None = None
    ) -> Iterator[Outcome[Any, Any]]:
        stream, end = iter(items), object()
        order: deque[int] = deque()  # numbers of the outcomes to give out
        more = True
        while more or order:
            while more and len(self.held) + len(self.done) < LOOK_AHEAD * workers:
                item = next(stream, end)
                more = item is not end
                if more:
                    order.extend(self.take([item]))
                    self.again.append(order[-1])
            self.hand_out(workers)
            self.collect(block=bool(order) and order[0] not in self.done)
            while order and order[0] in self.done:
                outcome = self.done.pop(order.popleft())
                yield outcome
                added = self.take(follow(outcome)) if follow else []
                order.extendleft(reversed(added))
                self.again.extendleft(reversed(added))

    def take(self, items: Sequence[Any]) -> list[int]:
        """Give each item its number."""
        numbers = [next(self.numbers) for _ in items]
        self.held.update(zip(numbers, items, strict=True))
        return numbers

    def hand_out(self, workers: int) -> None:
        while self.again and len(self.workers) < min(workers, len(self.held)):
            self.start()
        for depth in range(AHEAD):
            for worker in list(self.workers):
                if self.again and len(worker.numbers) == depth:
                    number = self.again.popleft()
                    if not worker.numbers:
                        worker.since = time.monotonic()
                    worker.numbers.append(number)
                    try:
                        worker.pipe.send((number, self.held[number]))
                    except OSError:
                        self.bury(worker)

    def start(self) -> None:
        ours, theirs = self.context.Pipe()
        kept = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, "1"))
        try:
            process = self.context.Process(
                target=serve, args=(theirs, self.setup, self.arguments, self.megabytes), daemon=True
            )
            process.start()
        finally:
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        theirs.close()
        self.workers.append(Worker(process, ours, since=time.monotonic()))

    def collect(self, *, block: bool) -> None:
        """Take what workers have answered; kill those past their time."""
        pipes = {worker.pipe: worker for worker in self.workers}
        if not pipes:
            return
        for pipe in wait(list(pipes), timeout=self.next_deadline() if block else 0):
            self.receive(pipes[pipe])  # type: ignore[index]
        now = time.monotonic()
        for worker in list(self.workers):
            if worker.ready and worker.numbers and now - worker.since > self.seconds:
                self.bury(worker, f"took longer than {self.seconds:g} s; raise the limit with --max-seconds")
            elif not worker.ready and now - worker.since > START_SECONDS:
                raise KGError(f"a worker process did not start within {START_SECONDS:g} s; try --workers 0")

    def next_deadline(self) -> float:
        now = time.monotonic()
        limits = [w.since + (self.seconds if w.ready else START_SECONDS) - now for w in self.workers if w.numbers]
        return max(0.0, min(limits, default=1.0)) + 0.01

    def receive(self, worker: Worker) -> None:
        try:
            number, *rest = worker.pipe.recv()
        except (EOFError, OSError):
            self.bury(worker)
            return
        worker.since = time.monotonic()
        if number == "alive":
            return
        if number == "failed":
            raise KGError(f"a worker process could not be set up: {rest[0]}")
        if number == "ready":
            worker.ready = True
            return
        worker.numbers.remove(number)
        self.done[number] = Outcome(self.held.pop(number), *rest)

    def bury(self, worker: Worker, reason: str | None = None) -> None:
        """End a worker; the item it was at is lost, the next goes to another."""
        self.workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        if not worker.ready:
            raise KGError(f"a worker process ended while starting (exit code {worker.process.exitcode})")
        if worker.numbers:
            lost = worker.numbers.popleft()
            reason = reason or f"ended its worker process ({describe_exit(worker.process.exitcode)})"
            self.done[lost] = Outcome(self.held.pop(lost), None, reason, True)
            self.again.extendleft(reversed(worker.numbers))

    def stop(self) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.pipe.close()
        for worker in self.workers:
            worker.process.join()
        self.workers.clear()


def describe_exit(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"

"""Running a sweep: what is not done yet is given to processes here, or to a Dask cluster.

joblib does the giving out (docs/decisions/0033). Whatever the backend and the number of
workers, each run is drawn from its own seed alone, and results are kept by cell and seed: they
are the same.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from simulations.sweeps import SweepError
from simulations.sweeps.plan import Plan
from simulations.sweeps.results import Done, Folder
from simulations.sweeps.tasks import Figures, Task, run_task
from simulations.workers import follow_parent

_CONNECT_S: Final = 10
_WORKERS_S: Final = 30


def run_sweep(
    plan: Plan,
    out: Path,
    *,
    jobs: int | None = None,
    dask: str | None = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> list[Done]:
    """Do all runs of a plan that ``out`` does not hold yet; gives all, by cells and seeds.

    Args:
        jobs: runs at a time; as many as cores if None.
        dask: the address of a scheduler, which then decides how many.
        told: called with how many runs are done, of how many.

    Raises:
        SweepError: ``out`` holds something else, or it was stopped.
        OpenHouseError: a run cannot be made; what is done is kept.
    """
    folder = Folder(out, plan)
    try:
        wanted = [(cell, seed) for cell in plan.cells for seed in plan.seeds]
        tasks = [
            Task(plan.instrument, cell.number, seed, cell.data, plan.name, str(plan.folder))
            for cell, seed in wanted
            if (cell.number, seed) not in folder.done
        ]
        done = len(wanted) - len(tasks)
        told(done, len(wanted))
        try:
            for task, figures in _given_out(tasks, jobs or _fitting(plan, dask), dask):
                folder.add(Done(task.cell, plan.cells[task.cell].values, task.seed, figures))
                done += 1
                told(done, len(wanted))
        except KeyboardInterrupt:
            raise SweepError(
                f"Stopped with {done} of {len(wanted)} runs done and kept in {out}: "
                "the same command goes on."
            ) from None
        finally:
            folder.write_table()
        return [folder.done[cell.number, seed] for cell, seed in wanted]
    finally:
        folder.close()


def _given_out(tasks: list[Task], jobs: int, dask: str | None) -> Iterator[tuple[Task, Figures]]:
    """Each task with its figures, as soon as they are there."""
    if not tasks:
        return
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with ExitStack() as stack:
        if dask is None:
            # A worker whose memory has grown is replaced between two runs: nothing to tell anybody.
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
            stack.enter_context(joblib.parallel_config(backend="loky", n_jobs=jobs))
        else:
            _connect(dask, stack)
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        try:
            yield from parallel(joblib.delayed(_named)(task, os.getpid()) for task in tasks)
        except TerminatedWorkerError as error:
            raise SweepError(
                "A process was ended from outside, most likely for want of memory: what is done is "
                "kept, and the same command with fewer at a time (--jobs) goes on."
            ) from error


def _connect(address: str, stack: ExitStack) -> None:
    """Until the stack is closed, joblib gives its work to this Dask scheduler."""
    import joblib

    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise SweepError(
            "A Dask cluster needs the package distributed, which is not here: install it with  "
            "pip install -e '.[dask]'  in the folder of Open House."
        ) from error
    try:
        client = stack.enter_context(
            Client(address, timeout=_CONNECT_S)  # type: ignore[no-untyped-call]
        )
    except (OSError, ValueError) as error:
        raise SweepError(f"No Dask scheduler answers at {address}: {error}.") from error
    stack.enter_context(
        joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=_WORKERS_S)
    )


def _named(task: Task, sweep: int) -> tuple[Task, Figures]:
    follow_parent(sweep)
    return task, run_task(task)


def _fitting(plan: Plan, dask: str | None) -> int:
    """As many at a time as there are cores, and as fit into the memory.

    Raises:
        SweepError: not one does.
    """
    cores = os.cpu_count() or 1
    if plan.instrument != "population" or dask is not None:
        return cores
    from simulations.population.run import Run

    needs = [Run(plan.scenario(cell), 1, threads=1).need() for cell in plan.cells]
    largest = max(needs, key=lambda need: need.needed_bytes)
    if not largest.fits:
        raise SweepError(f"The largest of these {largest}: take fewer members or weeks.")
    if largest.free_bytes is None:
        return cores
    return max(1, min(cores, largest.free_bytes // largest.needed_bytes))

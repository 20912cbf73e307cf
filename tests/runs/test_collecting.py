"""The garbage collector during a run: set for its time only, whatever ends it."""

from __future__ import annotations

import gc

import pytest

from peel.runs.collecting import THRESHOLDS, collecting_less


def test_what_existed_before_is_not_walked_during_a_run() -> None:
    """Objects made before the block are out of the collector's sight within it, and in its sight again afterwards."""
    with collecting_less():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_a_fault_leaves_the_collector_as_it_was(fault: type[BaseException]) -> None:
    """Thresholds that the process had chosen are back after a run that was ended by a fault."""
    before = gc.get_threshold()
    gc.set_threshold(900, 11, 12)
    try:
        with pytest.raises(fault), collecting_less():
            raise fault
        assert gc.get_threshold() == (900, 11, 12)
    finally:
        gc.set_threshold(*before)


def test_what_the_process_itself_froze_stays_frozen() -> None:
    """A process that keeps its own objects from the collector (a forking server) still does so after a run."""
    gc.freeze()
    try:
        with collecting_less():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_garbage_made_during_a_run_is_still_collected() -> None:
    """Cycles made within the block are freed by a collection within it."""

    class Cycle:
        def __init__(self) -> None:
            self.me = self

    with collecting_less():
        for _ in range(10):
            Cycle()
        assert gc.collect() >= 10

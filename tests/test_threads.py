"""Work in as many threads as help: in order, nothing twice, and stopped as who asked for it."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import suite
from suite.stopping import check_stop, stoppable
from suite.threads import in_threads


@given(st.integers(0, 300), st.integers(1, 5), st.integers(1, 40))
def test_every_number_is_worked_on_once_and_in_order(count, threads, chunk):
    worked = [number for some in in_threads(list, count, threads, chunk=chunk) for number in some]
    assert worked == list(range(count))


def threads_of(work, count, threads):
    """How many ranges this thread, and others, worked on."""
    names = list(
        in_threads(lambda some: (work(some), threading.current_thread())[1], count, threads, chunk=1)
    )
    own = names.count(threading.current_thread())
    return own, len(names) - own


def test_what_waits_is_done_in_threads():
    own, others = threads_of(lambda some: time.sleep(0.002), 200, 4)
    assert others > own


def test_what_threads_only_hinder_is_done_alone():
    turn = threading.Lock()

    def work(some):
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.003)
        with turn:
            time.sleep(0.0005)

    own, others = threads_of(work, 200, 2)
    assert own > others


def test_work_in_threads_is_stopped_as_the_work_that_asked():
    asked = iter([False] * 20)

    def work(some):
        time.sleep(0.001)
        check_stop()

    with pytest.raises(suite.StoppedError), stoppable(lambda: next(asked, True), "the work"):
        list(in_threads(work, 1000, 3, chunk=1))


def test_an_error_in_a_thread_is_the_caller_s():
    def work(some):
        if 50 in some:
            raise suite.UserError("it is broken")
        time.sleep(0.001)

    with pytest.raises(suite.UserError, match="it is broken"):
        list(in_threads(work, 100, 3, chunk=1))


def test_who_wants_no_more_ends_the_work():
    begun = []
    for _ in in_threads(lambda some: begun.append(some), 10_000, 2, chunk=1):
        break
    assert len(begun) < 10

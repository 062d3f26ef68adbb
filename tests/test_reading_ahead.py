"""Inputs are encoded ahead of the network, in threads only if they take long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from suite.errors import UserError
from suite.pipeline.codec import Encoded
from suite.prediction.encoding import EncodingJob
from suite.prediction.reading_ahead import encoded_ahead


def batches(encode, count, batch_size=4, ahead=2):
    jobs = (EncodingJob(index, str(index)) for index in range(count))
    with ThreadPoolExecutor(max_workers=2) as threads:
        yield from encoded_ahead(jobs, encode, threads, batch_size, ahead)


def test_quick_inputs_are_encoded_by_who_asks():
    threads = set()

    def encode(job):
        threads.add(threading.current_thread())
        return Encoded(job.raw, None)

    results = [[result().arrays for _, result in batch] for batch in batches(encode, 10)]
    assert results == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert threads == {threading.current_thread()}


def test_slow_inputs_are_encoded_by_threads_after_the_first_and_stay_in_order():
    threads = []

    def encode(job):
        threads.append(threading.current_thread())
        time.sleep(0.02 if job.raw < 6 else 0)
        return Encoded(job.raw, None)

    results = [result().arrays for batch in batches(encode, 10) for _, result in batch]
    assert results == list(range(10))
    assert threads.count(threading.current_thread()) == 1


def test_an_input_that_cannot_be_read_fails_when_it_is_its_turn():
    def encode(job):
        if job.raw == 1:
            raise UserError("it is broken")
        return Encoded(job.raw, None)

    (batch,) = batches(encode, 3)
    assert [batch[0][1]().arrays, batch[2][1]().arrays] == [0, 2]
    with pytest.raises(UserError, match="it is broken"):
        batch[1][1]()


def test_no_more_is_begun_than_was_said():
    begun = []

    def encode(job):
        begun.append(job.raw)
        return Encoded(job.raw, None)

    made = batches(encode, 100, batch_size=2, ahead=0)
    next(made)
    assert begun == [0, 1]

"""Beam search inside a network: keras.ops only, so it runs on any backend and is part of what is exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from suite_text.tokens.vocabulary import END, PADDING, START, UNKNOWN

Tensor = Any
Step = Callable[[Tensor, Tensor, Sequence[Tensor], Sequence[Tensor]], tuple[Tensor, list[Tensor]]]
"""`step(position, tokens, state, fixed) -> logits, state`: from the tokens at a position, int32 (batch x
beams,),
what may follow them, float32 (batch x beams, vocabulary), before a softmax."""

_NEVER = -1e9


def beam_search(
    step: Step,
    state: Sequence[Tensor],
    fixed: Sequence[Tensor],
    *,
    limit: Tensor,
    width: Tensor,
    penalty: Tensor,
    beams: int,
    positions: Tensor,
    vocabulary: int,
) -> tuple[Tensor, Tensor]:
    """The best text that the search finds for each example, as tokens and their log-probabilities.

    Every example keeps the `width` likeliest unfinished texts. A text ends when its end is among the `width`
    likeliest continuations; the search ends with as many finished texts. The best is the one with the
    greatest log p / ((5 + tokens) / 6)^penalty, its end counted (Wu et al., Google's Neural Machine
    Translation System, 2016, section 7). With a width of 1 it is greedy search. What an example gets does not
    depend on the others.

    All that the loop needs goes through it as its variables: values that it only refers to are not exported.

    Args:
        step: what may come next.
        state: what `step` keeps, (batch x beams, ...) each: it goes with the texts.
        fixed: what else `step` needs.
        limit: int32 (batch,), the maximum number of tokens of a text, its end included; 0: nothing is
        searched.
        width: float32 (batch,), how many of the beams are used.
        penalty: float32 (batch,).
        beams: the maximum of `width`.
        positions: how many there are, at least the maximum of `limit`.
        vocabulary: how many tokens there are.

    Returns:
        int32 and float32 (batch, positions). After its end, a text has ends with log-probability 0.
    """
    batch = ops.shape(limit)[0]
    slots = ops.arange(beams, dtype="int32")
    all_positions = ops.arange(positions, dtype="int32")
    example_indices = ops.arange(batch, dtype="int32")[:, None]  # times beams: an example's first row
    kinds = ops.arange(vocabulary, dtype="int32")
    special = (kinds == PADDING) | (kinds == UNKNOWN) | (kinds == START) | (kinds == END)
    candidates = min(beams, vocabulary)  # of each text, so many may be among the likeliest of all
    count_state, count_fixed = len(state), len(fixed)
    own = (
        example_indices,
        slots,
        all_positions,
        ops.where(special, _NEVER, 0.0),
        ops.cast(limit, "int32"),
        ops.cast(width, "float32"),
        ops.cast(penalty, "float32"),
    )

    def goes_on(position: Tensor, done: Tensor, *_: Tensor) -> Tensor:
        return ops.logical_not(ops.all(done))

    def body(position: Tensor, done: Tensor, *variables: Tensor) -> tuple[Tensor, ...]:
        last, total, finished, best, written, log_probs, best_written, best_log_probs = variables[:8]
        kept = variables[8 : 8 + count_state]
        fixed = variables[8 + count_state : 8 + count_state + count_fixed]
        example_indices, slots, all_positions, barred, limit, width, penalty = variables[
            8 + count_state + count_fixed :
        ]
        logits, new_state = step(position, last, kept, fixed)
        scale = ops.logsumexp(logits, axis=-1)
        here = all_positions == position
        used = ops.cast(slots, "float32")[None, :] < width[:, None]

        # Ends: each text's own, if few enough continuations are likelier.
        ending = ops.reshape(logits[:, END] - scale, (-1, beams))
        ended = total + ending
        # All other tokens: the likeliest of each text, which include the likeliest of all.
        likely, tokens = ops.top_k(logits + barred[None, :], candidates)
        following = ops.reshape(likely - scale[:, None], (-1, beams, candidates))
        sums = ops.reshape(total[:, :, None] + following, (-1, beams * candidates))
        at_limit = position + 1 >= limit
        new_total, chosen = ops.top_k(ops.where(at_limit[:, None], _NEVER, sums), beams)
        chosen = ops.cast(chosen, "int32")
        likelier = ops.sum(ops.cast(new_total[:, None, :] > ended[:, :, None], "float32"), axis=-1)
        likelier += ops.sum(ops.cast(ended[:, None, :] > ended[:, :, None], "float32"), axis=-1)
        ends = (likelier < width[:, None]) & (ended > _NEVER / 2) & ops.logical_not(done)[:, None]

        length = ops.cast(position + 1, "float32")
        normal = ended / ops.power((5.0 + length) / 6.0, penalty)[:, None]
        normal = ops.where(ends, normal, _NEVER)
        greatest = ops.max(normal, axis=-1)
        better = (greatest > best)[:, None]
        winner = ops.min(ops.where(normal >= greatest[:, None], slots[None, :], beams - 1), axis=-1)
        row = (example_indices[:, 0] * beams + winner)[:, None]
        end_log_prob = ops.take(ops.reshape(ending, (-1,)), row, axis=0)
        best_written = ops.where(better, ops.take(written, row[:, 0], axis=0), best_written)
        of_winner = ops.where(here[None, :], end_log_prob, ops.take(log_probs, row[:, 0], axis=0))
        best_log_probs = ops.where(better, of_winner, best_log_probs)
        best = ops.maximum(best, greatest)
        finished = finished + ops.sum(ops.cast(ends, "float32"), axis=-1)
        done = done | at_limit | (finished >= width)

        flat = ops.reshape(chosen + example_indices * beams * candidates, (-1,))
        last = ops.cast(ops.take(ops.reshape(tokens, (-1,)), flat, axis=0), "int32")
        token_log_prob = ops.take(ops.reshape(following, (-1,)), flat, axis=0)
        origin = ops.reshape(chosen // candidates + example_indices * beams, (-1,))
        written = ops.where(here[None, :], last[:, None], ops.take(written, origin, axis=0))
        log_probs = ops.where(here[None, :], token_log_prob[:, None], ops.take(log_probs, origin, axis=0))
        moved = [ops.take(tensor, origin, axis=0) for tensor in new_state]
        total = ops.where(used, new_total, _NEVER)
        progress = (last, total, finished, best, written, log_probs, best_written, best_log_probs)
        return (
            position + 1,
            done,
            *progress,
            *moved,
            *fixed,
            example_indices,
            slots,
            all_positions,
            barred,
            limit,
            width,
            penalty,
        )

    rows = batch * beams
    start = (
        ops.zeros((), "int32"),
        own[4] <= 0,
        ops.full((rows,), START, "int32"),
        # All texts begin alike, so at first there is one.
        ops.zeros((batch, 1), "float32") + ops.where(slots == 0, 0.0, _NEVER)[None, :],
        ops.zeros((batch,), "float32"),
        ops.full((batch,), _NEVER, "float32"),
        ops.full((rows, positions), END, "int32"),
        ops.zeros((rows, positions), "float32"),
        ops.full((batch, positions), END, "int32"),
        ops.zeros((batch, positions), "float32"),
        *state,
        *fixed,
        *own,
    )
    results = ops.while_loop(goes_on, body, start)
    return results[8], results[9]

"""Texts that tests write to disk, and what was read of them."""

from suite.data import Problem


def lines(path, *content, encoding="utf-8", end="\n"):
    """Write lines, and give the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in content).encode(encoding))
    return path


def pairs(examples):
    """Input and target of every example."""
    return [(examples[index].input, examples[index].target) for index in range(len(examples))]


def problems(dataset):
    """The sentences, those with places by all of them."""
    return {
        str(problem).partition(": ")[0] if places else str(problem): places
        for problem in dataset.problems
        for places in [list(problem.locations) if isinstance(problem, Problem) else []]
    }

"""Sparse matrices of counts, by rows: the few operations that word counts need."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.typing.NDArray[np.integer[Any]]

_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A matrix of counts, most of them zero: row r holds `columns[starts[r]:starts[r + 1]]`, in order."""

    starts: Numbers
    columns: Numbers
    counts: Numbers

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> tuple[Numbers, Numbers]:
        """Return the columns that one row holds, and their counts."""
        span = slice(self.starts[row], self.starts[row + 1])
        return self.columns[span], self.counts[span]

    def row_numbers(self) -> Numbers:
        """Return the row of each count, in order."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def take(self, rows: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return (place in `rows`, column, count) of all that some rows hold, row by row."""
        begins = self.starts[rows]
        sizes = self.starts[rows + 1] - begins
        places = np.repeat(np.arange(len(rows)), sizes)
        found = np.arange(len(places)) + np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
        return places, self.columns[found], self.counts[found]

    def totals(self, worth: Numbers) -> Numbers:
        """Return the sum of each row, every count multiplied by the worth of its column."""
        sums = np.concatenate([[0], np.cumsum(self.counts * worth[self.columns])])
        return narrow(sums[self.starts[1:]] - sums[self.starts[:-1]])

    def held(self, columns: int) -> Numbers:
        """Return how many rows hold each of so many columns."""
        return narrow(np.bincount(self.columns, minlength=columns))

    def turned(self, groups: Numbers, size: int) -> "SparseRows":
        """Return the transpose, with columns of one group, of `size` in all, added up into one row."""
        return sparse_rows(groups[self.columns], self.row_numbers(), self.counts, shape=(size, len(self)))


def sparse_rows(rows: Numbers, columns: Numbers, counts: Numbers, *, shape: tuple[int, int]) -> SparseRows:
    """Return the matrix of N triples in any order; those of one place are added up, to 65 535 at most."""
    places = rows.astype(np.int64) * shape[1] + columns
    order = np.argsort(places, kind="stable")
    distinct, first = np.unique(places[order], return_index=True)
    sums = np.add.reduceat(counts[order].astype(np.int64), first) if len(first) else np.empty(0, np.int64)
    return SparseRows(
        starts=narrow(np.searchsorted(distinct, np.arange(shape[0] + 1, dtype=np.int64) * shape[1])),
        columns=narrow(distinct % max(shape[1], 1)),
        counts=np.minimum(sums, _MOST).astype(np.uint16),
    )


def narrow(numbers: Numbers) -> Numbers:
    """Return numbers that are known to be small in half the room."""
    return numbers.astype(np.int32)

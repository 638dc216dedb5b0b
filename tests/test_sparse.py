"""Sparse matrices of counts against dense ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sparse import SparseRows, narrow, sparse_rows

Dense = np.typing.NDArray[np.int64]
MOST = 65_535


@st.composite
def matrices(draw: st.DrawFn) -> Dense:
    """Small matrices of counts, most of them zero; some without a row or a column."""
    shape = draw(st.tuples(st.integers(0, 6), st.integers(0, 6)))
    counts = st.one_of(st.just(0), st.integers(0, 9))
    size = shape[0] * shape[1]
    return np.array(draw(st.lists(counts, min_size=size, max_size=size)), np.int64).reshape(shape)


def _sparse(dense: Dense) -> SparseRows:
    rows, columns = np.nonzero(dense)
    return sparse_rows(rows, columns, dense[rows, columns], shape=dense.shape)


def _dense(sparse: SparseRows, columns: int) -> Dense:
    full = np.zeros((len(sparse), columns), np.int64)
    full[sparse.row_numbers(), sparse.columns] = sparse.counts
    return full


def _same(found: Any, expected: Any) -> bool:
    return bool(np.array_equal(found, expected))


@given(matrices())
def test_matrix_comes_back_as_it_went_in(dense: Dense) -> None:
    assert _same(_dense(_sparse(dense), dense.shape[1]), dense)


@given(matrices())
def test_each_row_holds_its_columns_in_order_with_their_counts(dense: Dense) -> None:
    sparse = _sparse(dense)
    assert len(sparse) == len(dense)
    for row, expected in enumerate(dense):
        columns, counts = sparse[row]
        assert columns.tolist() == np.flatnonzero(expected).tolist()
        assert counts.tolist() == expected[expected > 0].tolist()


@given(matrices(), st.data())
def test_rows_are_taken_in_the_order_asked_even_twice(dense: Dense, data: st.DataObject) -> None:
    most = len(dense) - 1
    rows = data.draw(st.lists(st.integers(0, most), max_size=8)) if len(dense) else []
    found = _sparse(dense).take(np.array(rows, np.int64))
    triples = [
        (place, column, dense[row, column])
        for place, row in enumerate(rows)
        for column in range(dense.shape[1])
    ]
    assert list(zip(*(part.tolist() for part in found), strict=True)) == [part for part in triples if part[2]]


@given(matrices(), st.data())
def test_totals_weigh_each_column(dense: Dense, data: st.DataObject) -> None:
    size = dense.shape[1]
    worth = np.array(data.draw(st.lists(st.integers(0, 500), min_size=size, max_size=size)), np.int64)
    assert _same(_sparse(dense).totals(worth), dense @ worth)


@given(matrices())
def test_rows_that_hold_a_column_are_counted_once_each(dense: Dense) -> None:
    assert _same(_sparse(dense).held(dense.shape[1]), (dense > 0).sum(axis=0))


@given(matrices(), st.data())
def test_turned_adds_up_the_columns_of_a_group(dense: Dense, data: st.DataObject) -> None:
    size = dense.shape[1]
    groups = np.array(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)), np.int64)
    expected = np.zeros((4, len(dense)), np.int64)
    np.add.at(expected, groups, dense.T)
    assert _same(_dense(_sparse(dense).turned(groups, 4), len(dense)), expected)


@given(matrices())
def test_turned_twice_is_the_matrix_itself(dense: Dense) -> None:
    rows, columns = dense.shape
    there = _sparse(dense).turned(np.arange(columns), columns)
    assert _same(_dense(there.turned(np.arange(rows), rows), columns), dense)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)), max_size=20), st.randoms()
)
def test_triples_of_one_place_add_up_whatever_their_order(
    triples: list[tuple[int, int, int]], chance: Any
) -> None:
    expected = np.zeros((4, 4), np.int64)
    for row, column, count in triples:
        expected[row, column] += count
    shuffled = chance.sample(triples, len(triples))
    parts = np.array(shuffled, np.int64).reshape(-1, 3).T
    assert _same(_dense(sparse_rows(*parts, shape=(4, 4)), 4), expected)


@pytest.mark.parametrize(
    ("counts", "kept"), [([MOST], MOST), ([MOST, 1], MOST), ([40_000, 40_000], MOST), ([3, 4], 7)]
)
def test_counts_stop_at_the_most_that_fits(counts: list[int], kept: int) -> None:
    zeros = np.zeros(len(counts), np.int64)
    assert sparse_rows(zeros, zeros, np.array(counts), shape=(1, 1)).counts.tolist() == [kept]


def test_totals_of_many_large_counts_do_not_wrap() -> None:
    columns = np.arange(50)
    wide = sparse_rows(np.zeros(50, np.int64), columns, np.full(50, MOST), shape=(1, 50))
    assert wide.totals(np.full(50, 500, np.int32)).tolist() == [50 * MOST * 500]


def test_large_matrix_keeps_its_places_apart() -> None:
    """Row × columns passes 2³¹ here."""
    rows, columns = np.array([0, 99_999], np.int32), np.array([99_999, 0], np.int32)
    sparse = sparse_rows(rows, columns, np.array([1, 2]), shape=(100_000, 100_000))
    assert [part.tolist() for part in (*sparse[0], *sparse[99_999])] == [[99_999], [1], [0], [2]]


def test_numbers_are_narrowed_to_half_the_room() -> None:
    assert narrow(np.array([1, 2], np.int64)).itemsize == 4

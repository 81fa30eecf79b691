"""Missing cells are filled from the rows that train, in place, and anew when other rows train."""

import numpy as np

from fedwarden.party.training.cells import Cells

GAP = np.nan


def test_means_of_the_training_rows_stand_for_missing_cells() -> None:
    cells = Cells(np.array([[1.0, 5.0], [GAP, 6.0], [3.0, 7.0], [11.0, GAP]]))
    assert cells.incomplete == [0, 1]
    assert np.array_equal(cells.fill(3), [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [11.0, 6.0]])


def test_all_rows_fill_anew_from_what_stood_in_the_table() -> None:
    table = np.array([[1.0, GAP], [GAP, GAP], [3.0, GAP], [11.0, 4.0]])
    cells = Cells(table.copy())
    assert np.array_equal(cells.fill(3)[:, 1], np.zeros(4))  # nothing to learn a mean from: a constant column
    assert np.array_equal(cells.fill(4), Cells(table.copy()).fill(4))
    assert np.array_equal(cells.fill(4), [[1.0, 4.0], [5.0, 4.0], [3.0, 4.0], [11.0, 4.0]])


def test_a_complete_table_stays_as_it_is_and_is_not_copied() -> None:
    table = np.arange(6.0).reshape(3, 2)
    cells = Cells(table)
    assert cells.incomplete == []
    assert cells.fill(2) is table

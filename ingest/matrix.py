"""Vectors as arrays, checked when they come from elsewhere."""

from collections.abc import Sequence

import numpy as np

from ingest.errors import VectorsError

Matrix = np.typing.NDArray[np.float32]


def unit_vectors(vectors: Sequence[Sequence[float]], count: int) -> Matrix:
    """Check vectors that a provider gave, and bring each to norm 1.

    Args:
        vectors: As they came.
        count: How many there must be.

    Returns:
        Array of shape (count, dimension), its rows L2-normalised.

    Raises:
        VectorsError: They are too few or too many, of several lengths, not numbers, or no direction at all.
    """
    if not isinstance(vectors, Sequence) or isinstance(vectors, str):
        raise VectorsError("rien qui soit des vecteurs")
    if len(vectors) != count:
        raise VectorsError(f"{len(vectors)} vecteurs pour {count} textes")
    if len({len(vector) for vector in vectors}) > 1:
        raise VectorsError("des vecteurs de longueurs différentes")
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size or not np.isfinite(matrix).all():
        raise VectorsError("des vecteurs qui ne sont pas faits de nombres")
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not norms.all():
        raise VectorsError("des vecteurs nuls")
    unit: Matrix = (matrix / norms).astype(np.float32)
    return unit

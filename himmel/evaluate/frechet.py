"""How far two sets of clips are from each other: the Frechet distance of their features.

Dowson and Landau, "The Frechet distance between multivariate normal distributions", Journal of Multivariate
Analysis 12 (1982), as used for pictures by Heusel et al. (2017) and for videos by Unterthiner et al. (2018).
The features are those of the world's recogniser, so the distance compares within this world only.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["frechet_distance"]

Numbers = NDArray[np.float64]


def frechet_distance(one: Numbers, other: Numbers) -> float:
    """The distance of two sets of features [N, D] and [M, D], each taken as a normal distribution."""
    apart = float(((one.mean(0) - other.mean(0)) ** 2).sum())
    a, b = _covariance(one), _covariance(other)
    # The trace of the root of a b is that of the root of r b r, with r the root of a, which is symmetric.
    root = _root(a)
    joint = np.sqrt(np.clip(np.linalg.eigvalsh(root @ b @ root), 0, None)).sum()
    return max(0.0, apart + float(np.trace(a) + np.trace(b) - 2 * joint))


def _covariance(features: Numbers) -> Numbers:
    away = features - features.mean(0)
    return np.asarray(away.T @ away / max(1, len(features) - 1))


def _root(matrix: Numbers) -> Numbers:
    """The symmetric root of a positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)

"""The array types of this package, and the checks at its door."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Booleans", "Floats", "Integers", "as_floats", "as_integers", "as_shares", "is_constant"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Booleans: TypeAlias = npt.NDArray[np.bool_]

_ROUNDING = 1e-12


def as_floats(values: npt.ArrayLike) -> Floats:
    """A flat array of finite numbers, shape (n,).

    Raises ValueError for NaN and infinity: what has no value is left out.
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(array).all():
        raise ValueError("a value is NaN or infinite; leave out what has no value, and count it beside the result")
    return array


def as_shares(values: npt.ArrayLike) -> Floats:
    """A flat array of numbers in [0, 1], shape (n,). Raises ValueError for anything outside."""
    array = as_floats(values)
    if array.size and (array.min() < -1e-12 or array.max() > 1 + 1e-12):
        raise ValueError(f"values run from {array.min():g} to {array.max():g}; scores and shares lie in [0, 1]")
    return np.clip(array, 0.0, 1.0)


def is_constant(values: Floats) -> bool:
    """Whether the values, shape (n,), are equal but for rounding (1e-12 of the largest); true for none and one."""
    return bool(values.size < 2 or np.ptp(values) <= _ROUNDING * np.abs(values).max())


def as_integers(values: npt.ArrayLike) -> Integers:
    """A flat array of non-negative integers, shape (n,). Raises ValueError for a negative or a fractional number."""
    raw = np.asarray(values).ravel()
    array = raw.astype(np.int64)
    if array.size and ((array != raw).any() or array.min() < 0):
        raise ValueError("counts and case indices are integers from 0 up")
    return array

"""Arrow arrays built directly from the bytes of plain Python values.

``pyarrow.array`` gives the same arrays, but imports pandas wherever pandas is installed, which takes longer than making
ten puzzles, and inspects each value twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa


def arrow_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Build an Arrow array without nulls.

    Args:
        values: the array's elements; dicts for structs, sequences for lists.
        kind: type of the elements: string, binary, int64, double, or structs and lists of those.

    Raises:
        AttributeError, KeyError, TypeError: a value is None or not of type ``kind``, or a struct lacks a field.
    """
    if pa.types.is_struct(kind):
        fields = list(kind)
        children = [arrow_array([value[field.name] for value in values], field.type) for field in fields]
        return pa.StructArray.from_arrays(children, fields=fields)
    if pa.types.is_list(kind):
        child = arrow_array(list(chain.from_iterable(values)), kind.value_type)
        return pa.Array.from_buffers(kind, len(values), [None, _offsets(values)], children=[child])
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        encoded = [value.encode() for value in values] if pa.types.is_string(kind) else values
        return pa.Array.from_buffers(kind, len(encoded), [None, _offsets(encoded), pa.py_buffer(b"".join(encoded))])
    numbers = array("d" if pa.types.is_floating(kind) else "q", values)
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def _offsets(values: Sequence[Any]) -> pa.Buffer:
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError(f"{offsets[-1]} bytes or values in one column of a row group")
    return pa.py_buffer(offsets.astype(np.int32))

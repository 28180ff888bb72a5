"""The only source of randomness: ``rng_for(*parts)`` hashes its parts into one independent stream.

A stream is SHA-256 in counter mode, and every draw is integer arithmetic on it, so the numbers are the same on every
machine and with every version of Python and numpy. Never derive seeds by addition: hashed parts make streams unrelated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_FLOAT_BITS = 53


def digest(*parts: str | int) -> bytes:
    """Return the SHA-256 of the parts, each preceded by its type and length, so that different lists never collide."""
    return _hash_parts(parts).digest()


def heads(texts: Iterable[str], *parts: str | int) -> bytes:
    """Return the first 8 bytes of ``digest(*parts, text)`` of each text, concatenated. Fast for very many texts."""
    hashes, prefix = [], _hash_parts(parts)
    for text in texts:
        raw = text.encode()
        hasher = prefix.copy()
        hasher.update(b"s%d:%b" % (len(raw), raw))
        hashes.append(hasher.digest()[:8])
    return b"".join(hashes)


def _hash_parts(parts: Iterable[str | int]) -> hashlib._Hash:
    hasher = hashlib.sha256()
    for part in parts:
        raw = str(part).encode()
        hasher.update(b"%c%d:" % (b"i" if isinstance(part, int) else b"s", len(raw)))
        hasher.update(raw)
    return hasher


def rng_for(*parts: str | int) -> Rng:
    """Return the stream that belongs to these parts and to no others."""
    return Rng(digest(*parts))


class Rng:
    """A stream of reproducible draws.

    Args:
        key: 32 bytes that identify the stream.
        slots: values for :meth:`balanced` draws that are already decided, by slot.
    """

    def __init__(self, key: bytes, slots: dict[str, int] | None = None) -> None:
        self._key = key
        self._counter = 0
        self._pool = 0
        self._pool_bits = 0
        self._fixed = dict(slots or {})
        self.slots: dict[str, tuple[int, int]] = {}

    def bits(self, k: int) -> int:
        """Return an integer of ``k`` random bits."""
        left = self._pool_bits - k
        while left < 0:
            block = hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
            self._pool = (self._pool << 256) | int.from_bytes(block, "big")
            left += 256
        value = self._pool >> left
        self._pool ^= value << left
        self._pool_bits = left
        return value

    def below(self, n: int) -> int:
        """Return an integer in ``0 .. n-1``, each equally likely."""
        if n < 1:
            raise ValueError(f"below() needs n >= 1, got {n}")
        k = (n - 1).bit_length()
        while (value := self.bits(k)) >= n:
            pass
        return value

    def balanced(self, slot: str, n: int) -> int:
        """Return the draw that decides an answer, as :meth:`below` does, unless the build set it to even out a shard.

        The stream advances by the same amount either way, so nothing else about the puzzle changes.
        """
        value = self.below(n)
        value = self._fixed.get(slot, value)
        self.slots[slot] = (value, n)
        return value

    def integer(self, low: int, high: int) -> int:
        """Return an integer in ``low .. high``, both included."""
        return low + self.below(high - low + 1)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a float in ``[low, high)``."""
        return low + (high - low) * (self.bits(_FLOAT_BITS) / (1 << _FLOAT_BITS))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options, each equally likely."""
        return options[self.below(len(options))]

    def shuffled(self, values: Iterable[T]) -> list[T]:
        """Return the values in a random order (Fisher-Yates)."""
        out = list(values)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out

    def drawn(self, values: Sequence[T]) -> Iterator[T]:
        """Yield the values in a random order, each drawn only when it is needed.

        This is Fisher-Yates from the end. Swaps are recorded instead of made in a copy, so that a few values of many
        are drawn in no time.
        """
        moved: dict[int, int] = {}
        for last in range(len(values) - 1, -1, -1):
            k = self.below(last + 1)
            yield values[moved.get(k, k)]
            moved[k] = moved.get(last, last)

    def permutation(self, n: int) -> list[int]:
        """Return a random order of ``0 .. n-1``."""
        return self.shuffled(range(n))

    def sample(self, values: Sequence[T], k: int) -> list[T]:
        """Return ``k`` different values in random order."""
        return self.shuffled(values)[:k]

    def raw(self, n: int) -> bytes:
        """Return ``n`` random bytes, fast enough for whole images of noise."""
        block = self._key + b"raw" + self._counter.to_bytes(8, "big")
        self._counter += 1
        return hashlib.shake_256(block).digest(n)

    def fork(self, *parts: str | int) -> Rng:
        """Return a new stream, the same however much of this one has been used."""
        return Rng(digest(self._key.hex(), *parts))

"""Fuzz the verifier: ``python tests/fuzz_verify.py [SECONDS]``, with atheris if it is installed, else hypothesis.

The inputs are mutated responses of the test cases, and random sequences of tags. None may raise, score out of bounds,
or score differently as bytes, as a message or with an added newline. The slowest response is reported.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from puzzlegen.verify import REASONS, score

HERE = Path(__file__).parent
WORDS = [
    *("<answer>", "</answer>", "<think>", "</think>", "<transform>", "</transform>", "\\boxed{", "}", "{"),
    *('{"answer":', '"', "'", "[", "]", "(", ")", ",", ";", ":", "-", "\u2013", "\u2192", "/", "|", "+", "&", "."),
    *("=", "~", "*", "**", "$", " ", "\n", "\t", "\u200b", "\u2028", "\x00", "\u0130", "\ufdfa", "\u0663", "\uff13"),
    *("\u00bd", "\u00b2", "\u2163", "\ud800", "\u00df", "A", "B", "or", "and", "not", "none", "to", "from", "0", "1"),
    *("2", "5", "9", "10", "0.5", "1e9", "-1", "NaN", "seconds", "degrees", "%", "minus", "twenty", "hundred", "cat"),
    *("circle", "circle: 3", "2-5", "3, 1, 2"),
]


def cases() -> list[tuple[str, str]]:
    """Return responses with their specs, of every kind, metric and form."""
    files = [*sorted((HERE / "cases").glob("*.jsonl")), HERE / "red_team.jsonl"]
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [(row["response"], json.dumps(row["spec"], sort_keys=True)) for row in rows if len(row["response"]) < 500]


CASES = cases()
SPECS = sorted({spec for _, spec in CASES})
SEEN: Counter[str] = Counter()
SLOWEST: list[tuple[float, str]] = []


def check(text: str, spec: str) -> None:
    began = time.perf_counter()
    result = score(text, spec)
    took = time.perf_counter() - began
    SLOWEST[:] = [max([*SLOWEST, (took, f"{text[:60]!r} {spec[:80]}")])]
    params = json.loads(spec)["params"]
    least = -params.get("gamma", 0) if params.get("signed") else 0.0
    assert least <= result.value <= 1.0
    assert result.reason in REASONS
    assert set(result.parts.values()) <= {0.0, 1.0} or params.get("gamma") or "metric" in params or "hit" in params
    assert (result.reason == "correct") <= (result.parts["accuracy"] == 1.0)
    assert score([{"role": "assistant", "content": text}], spec) == result
    assert score(f"{text}\n", spec) == result
    if "\ud800" not in text:
        assert score(text.encode(), spec) == result
    SEEN[f"{json.loads(spec)['kind']} {result.reason}"] += 1


Mutation = tuple[int, int, str]


def mutated(case: tuple[str, str], mutations: list[Mutation]) -> tuple[str, str]:
    """Replace a few pieces of a known response."""
    text = case[0]
    for place, length, piece in mutations:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    return text, case[1]


pieces = st.sampled_from(["", *WORDS])
mutations = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 6), pieces), max_size=4)
pairs = st.one_of(
    st.builds(mutated, st.sampled_from(CASES), mutations),
    st.tuples(st.lists(pieces, max_size=25).map("".join), st.sampled_from(SPECS)),
    st.tuples(st.text(max_size=40).map(lambda text: f"<answer>{text}</answer>"), st.sampled_from(SPECS)),
)


def with_hypothesis(seconds: float) -> None:
    ends = time.monotonic() + seconds
    round_ = 0
    while time.monotonic() < ends:

        @seed(round_)
        @settings(max_examples=2000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(pair=pairs)
        def once(pair: tuple[str, str]) -> None:
            check(*pair)

        once()
        round_ += 1


def with_atheris(seconds: float) -> None:
    atheris: Any = import_module("atheris")

    def once(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        spec = SPECS[provider.ConsumeIntInRange(0, len(SPECS) - 1)]
        pieces = [WORDS[provider.ConsumeIntInRange(0, len(WORDS) - 1)] for _ in range(12)]
        check("".join(pieces) + provider.ConsumeUnicode(200), spec)

    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}"], once)
    atheris.Fuzz()


def main(arguments: list[str]) -> None:
    seconds = float(arguments[0]) if arguments else 60.0
    run: Any = with_atheris if find_spec("atheris") else with_hypothesis
    run(seconds)
    for name, count in sorted(SEEN.items()):
        print(f"{name:24} {count:8}")  # noqa: T201 - a script
    print(f"slowest {1000 * SLOWEST[0][0]:.2f} ms: {SLOWEST[0][1]}")  # noqa: T201 - a script


if __name__ == "__main__":
    main(sys.argv[1:])

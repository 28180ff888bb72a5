"""OpenRLHF: ``--reward.remote_url <this file>``, whose ``reward_func`` gets prompt and response as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from puzzlegen.verify import reward

#: A prompt ends with its question's last words and the assistant's header; less in common is no match.
_LEAST = 16
#: What ends a turn is decoded too; a few are cut off, in a window, because the text before them is the policy's.
_END = re.compile(r"(?:<\|[\w.-]{1,40}\|>|</s>|<eos>|<end_of_turn>)\Z")
_WINDOW, _MOST = 64, 4
#: Placeholders of pictures and clips, as models of several families write them.
_MEDIA = re.compile(r"<\|?/?(?:image|video|vision|img)[a-z_]{0,20}\|?>", re.IGNORECASE)


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **_: object) -> dict[str, Any]:
    """Score responses.

    Args:
        queries: prompt and response as decoded, special tokens and expanded media placeholders included.
        prompts: the prompts as the chat template made them.
        labels: the puzzles' ``ground_truth``.

    Returns:
        ``rewards`` and ``scores`` as float tensors of shape (n,), and the parts in ``extra_logs`` likewise.

    Raises:
        ValueError: a query does not hold its prompt.
        VerifierError: a label is not a puzzlegen spec.
    """
    import torch  # noqa: PLC0415 - OpenRLHF has it; reading this file needs nothing

    texts = map(response_of, queries, prompts)
    scored = [reward(text, label) for text, label in zip(texts, labels, strict=True)]
    parts = {key: torch.tensor([one[key] for one in scored]) for key in scored[0]} if scored else {}
    values = parts.pop("score", torch.zeros(0))
    return {"rewards": values, "scores": values, "extra_logs": parts}


def response_of(query: str, prompt: str) -> str:
    """What the policy wrote.

    A query does not begin with its prompt where there are media, because each placeholder has become many tokens. What
    stands behind the first place that holds all of the prompt after its last placeholder is the response; where none is
    known, behind the longest end of the prompt that the query holds.
    """
    tail = _MEDIA.split(prompt)[-1]
    if len(tail) >= _LEAST and tail in query:
        return _without_end(query[query.index(tail) + len(tail) :])
    low, high = 0, len(prompt)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if prompt[len(prompt) - middle :] in query else (low, middle - 1)
    if low < min(_LEAST, len(prompt)):
        raise ValueError(f"the prompt's end {prompt[-40:]!r} is not in the query {query[:80]!r}; pass both as decoded")
    tail = prompt[len(prompt) - low :]
    return _without_end(query[query.index(tail) + low :])


def _without_end(text: str) -> str:
    for _ in range(_MOST):
        text = text.rstrip()
        found = _END.search(text[-_WINDOW:])
        if found is None:
            break
        text = text[: len(text) - len(found[0])]
    return text

"""OpenRLHF reward: ``--reward.remote_url <this file>``; ``reward_func`` gets prompt and response as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from puzzlegen.verify import reward

#: Fewest characters that a query must share with its prompt's end to count as a match: a prompt ends with the last
#: words of its question and the assistant's header, which are longer.
_MIN_MATCH_CHARS = 16
#: End-of-turn tokens, which OpenRLHF decodes too. At most ``_MAX_END_TOKENS`` are cut off, each searched for in the
#: last ``_END_WINDOW_CHARS`` characters, because all text before them was written by the policy.
_END_TOKEN = re.compile(r"(?:<\|[\w.-]{1,40}\|>|</s>|<eos>|<end_of_turn>)\Z")
_END_WINDOW_CHARS, _MAX_END_TOKENS = 64, 4
#: Media placeholders as models of several families write them.
_MEDIA_PLACEHOLDER = re.compile(r"<\|?/?(?:image|video|vision|img)[a-z_]{0,20}\|?>", re.IGNORECASE)


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **_: object) -> dict[str, Any]:
    """Score responses.

    Args:
        queries: decoded prompt and response, with special tokens and expanded media placeholders.
        prompts: the prompts as the chat template renders them.
        labels: the puzzles' ``ground_truth``.

    Returns:
        ``rewards`` and ``scores`` as float tensors of shape (n,), and ``extra_logs`` with such a tensor for each part.

    Raises:
        ValueError: a query does not contain its prompt.
        VerifierError: a label is not a puzzlegen verifier spec.
    """
    import torch  # noqa: PLC0415 - OpenRLHF brings torch; importing this file must not need it

    texts = map(response_of, queries, prompts)
    rewards = [reward(text, label) for text, label in zip(texts, labels, strict=True)]
    parts = {key: torch.tensor([row_reward[key] for row_reward in rewards]) for key in rewards[0]} if rewards else {}
    values = parts.pop("score", torch.zeros(0))
    return {"rewards": values, "scores": values, "extra_logs": parts}


def response_of(query: str, prompt: str) -> str:
    """Return the part of ``query`` that the policy wrote.

    With media, the query does not begin with the prompt, because each placeholder was expanded into many tokens. So the
    text of the prompt after its last placeholder is looked up in the query, and the response follows its first
    occurrence. If that text is too short or not found, the response follows the longest end of the prompt that the
    query contains.

    Raises:
        ValueError: the query does not contain the prompt's end.
    """
    tail = _MEDIA_PLACEHOLDER.split(prompt)[-1]
    if len(tail) >= _MIN_MATCH_CHARS and tail in query:
        return _strip_end_tokens(query[query.index(tail) + len(tail) :])
    low, high = 0, len(prompt)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if prompt[len(prompt) - middle :] in query else (low, middle - 1)
    if low < min(_MIN_MATCH_CHARS, len(prompt)):
        raise ValueError(f"the prompt's end {prompt[-40:]!r} is not in the query {query[:80]!r}; pass both as decoded")
    tail = prompt[len(prompt) - low :]
    return _strip_end_tokens(query[query.index(tail) + low :])


def _strip_end_tokens(text: str) -> str:
    for _ in range(_MAX_END_TOKENS):
        text = text.rstrip()
        match = _END_TOKEN.search(text[-_END_WINDOW_CHARS:])
        if match is None:
            break
        text = text[: len(text) - len(match[0])]
    return text

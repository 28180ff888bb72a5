"""A Qwen2.5-VL of about 100,000 random weights, with its tokenizer and processor, built in a second without a network.

Architecture and processing are the real ones, so a script that trains this model also trains the large ones. Use it in
tests, and to try a training script on a laptop before paying for a GPU.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessorPil,
)
from transformers.processing_utils import ProcessorMixin

PATCH, MERGE = 14, 2
CELL = PATCH * MERGE
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
WORDS = ["user assistant <think> </think> <answer>A</answer> What I see fits option degrees", "0123456789, ABCDEFGH."]
TEMPLATE = """{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}{% else %}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}{% endif %}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}"""


class Tiny(NamedTuple):
    """A model and its processor, as trainers take them."""

    model: Any
    processor: Any


class _PictureProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]
    """The real processor without its video part, which needs torchvision; TRL gets all puzzles as pictures."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        self.image_token, self.image_token_id = IMAGE, tokenizer.convert_tokens_to_ids(IMAGE)
        self.video_token, self.video_token_id = VIDEO, tokenizer.convert_tokens_to_ids(VIDEO)
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)


def build(
    words: Iterable[str] = WORDS,
    *,
    phrases: Iterable[str] = (),
    seed: int = 0,
    hidden: int = 32,
    layers: int = 2,
    most_cells: int = 4,
) -> Tiny:
    """Build a model with random weights; the same arguments give the same model.

    Args:
        words: texts from which the tokenizer learns its tokens; single bytes are always tokens.
        phrases: texts that become one token each, so that long questions cost little and an answer is one choice.
        seed: seed of the weights.
        hidden: width of the text and of the vision part, a multiple of 16.
        layers: number of layers of each part.
        most_cells: maximum number of visual tokens (28 by 28 pixels each) to which a picture is scaled down.
    """
    torch.manual_seed(seed)
    tokenizer = _tokenizer(words, phrases)
    size = {"shortest_edge": CELL * CELL, "longest_edge": most_cells * CELL * CELL}
    pictures = Qwen2VLImageProcessorPil(patch_size=PATCH, merge_size=MERGE, temporal_patch_size=2, size=size)
    processor = _PictureProcessor(pictures, tokenizer, chat_template=TEMPLATE)
    model = Qwen2_5_VLForConditionalGeneration(_config(tokenizer, hidden, layers)).float()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return Tiny(model, processor)


def _tokenizer(words: Iterable[str], phrases: Iterable[str]) -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    specials = [*SPECIAL, IMAGE, VIDEO]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(words, trainer)
    fast_tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left",
        additional_special_tokens=specials[3:],
    )  # fmt: skip
    fast_tokenizer.add_tokens(sorted(phrases))
    return fast_tokenizer


def _config(tokenizer: PreTrainedTokenizerFast, hidden: int, layers: int) -> Qwen2_5_VLConfig:
    ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("vision_start", "vision_end")}
    half = hidden // 4 // 2  # half of a head's dimensions, which the three axes of the rotary embedding share
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [half - 2 * (3 * half // 8), 3 * half // 8, 3 * half // 8],
            "rope_theta": 1e4,
        },
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {
        "depth": layers,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_heads": 4,
        "out_hidden_size": hidden,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": 2,
        "window_size": 2 * CELL,
        "fullatt_block_indexes": [layers - 1],
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        video_token_id=tokenizer.convert_tokens_to_ids(VIDEO),
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=ids["vision_end"],
        tie_word_embeddings=True,
    )

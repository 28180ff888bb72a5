"""Make a Qwen2.5-VL with five million random weights and the real token ids, offline: ``tiny_model.py FOLDER``.

Trainers have the ids of Qwen's vision tokens hard-coded, so the vocabulary is as large as the real one, although only
single bytes are used. ``--processor`` writes no weights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torchvision_ops  # noqa: F401 - must come first
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

FIRST_SPECIAL = 151643
SPECIAL = [
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"),
    *("<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for part in m.content %}"
    "{% if part.type == 'image' or 'image' in part or 'image_url' in part %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' or 'video' in part %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(folder: Path) -> transformers.PreTrainedTokenizerFast:
    """Make a tokenizer of single bytes, names that never occur, and Qwen's special tokens with their real ids."""
    vocabulary = {symbol: k for k, symbol in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary |= {f"<unused {k}>": k for k in range(len(vocabulary), FIRST_SPECIAL)}
    made = Tokenizer(models.BPE(vocabulary, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    made.save(str(folder / "tokenizer.json"))
    # Before version 5, transformers requires this very class.
    kind = transformers.Qwen2TokenizerFast if transformers.__version__ < "5" else transformers.PreTrainedTokenizerFast
    return kind(
        tokenizer_file=str(folder / "tokenizer.json"),
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
        padding_side="left",
        additional_special_tokens=SPECIAL,
        chat_template=TEMPLATE,
    )


def config() -> Qwen2_5_VLConfig:
    """Return the configuration of a model as small as the architecture allows."""
    rope = {"rope_type": "default", "type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    text = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 151680,
        "tie_word_embeddings": True,
        "rope_parameters": rope,
        "rope_scaling": rope,
        "max_position_embeddings": 32768,
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 4,
        "out_hidden_size": 32,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    ids = {"image_token_id": 151655, "video_token_id": 151656}
    ids |= {"vision_start_token_id": 151652, "vision_end_token_id": 151653}
    return Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)


def main(folder: Path, weights: bool) -> None:
    """Write the processor and, with ``weights``, the model, in the form that ``from_pretrained`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    words = tokenizer(folder)
    size = {"size": {"shortest_edge": 784, "longest_edge": 28 * 28 * 16}}
    pictures, clips = Qwen2VLImageProcessor(**size), Qwen2VLVideoProcessor(**size)
    Qwen2_5_VLProcessor(pictures, words, clips, chat_template=TEMPLATE).save_pretrained(folder)
    made = config()
    if weights:
        torch.manual_seed(0)
        model = Qwen2_5_VLForConditionalGeneration(made).float()
        model.generation_config.eos_token_id, model.generation_config.pad_token_id = 151645, 151643
        model.save_pretrained(folder)
    else:
        (folder / "config.json").write_text(json.dumps(made.to_dict(), default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--processor" not in sys.argv)

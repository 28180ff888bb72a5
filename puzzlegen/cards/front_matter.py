"""The card's YAML front matter: metadata for the Hub, and configs by which ``load_dataset`` finds and reads files."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final, cast

import yaml

from puzzlegen.records import Profile, split_in
from puzzlegen.schema import features

#: Licences for which the Hub has an identifier; all others are listed as ``other``.
_HUB_LICENCES: Final = """
apache-2.0 mit unlicense cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 odc-by odbl pddl gpl-3.0 gfdl unknown
"""
_SIZE_CATEGORIES: Final = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")
_TASK_CATEGORIES: Final = {"image": "image-text-to-text", "video": "video-text-to-text", "text": "question-answering"}


def front_matter(manifest: dict[str, Any], licences: Counter[str]) -> str:
    """Return the card's YAML front matter.

    Args:
        manifest: the build's manifest.
        licences: number of puzzles by licence, as stated by the source; the key is empty if the source states none.
    """
    rows = manifest["rows"]
    webdataset = manifest["recipe"]["output"]["format"] == "webdataset"
    kinds = sorted({_modality(folder) for folder in rows})
    metadata = {
        "pretty_name": title(manifest),
        **_licence_fields(licences),
        "language": ["en"],
        "annotations_creators": ["machine-generated"],
        "source_datasets": sorted(set(_source_datasets(manifest["recipe"]["source"]))),
        "task_categories": [_TASK_CATEGORIES[kind] for kind in kinds],
        "size_categories": [_size_category(sum(sum(splits.values()) for splits in rows.values()))],
        "tags": ["puzzlegen", "reinforcement-learning", "grpo", *kinds, *(["webdataset"] if webdataset else [])],
        "configs": [_config(manifest, folder, "tar" if webdataset else "parquet") for folder in rows],
    }
    if not webdataset:
        metadata["dataset_info"] = [_dataset_info(manifest, folder) for folder in rows]
    return as_yaml({key: value for key, value in metadata.items() if value})


def title(manifest: dict[str, Any]) -> str:
    """Return a title for the dataset that does not depend on the repository's name."""
    count = sum(manifest["kept"].values())
    return f"{count:,} puzzles with one right answer"


def as_yaml(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return YAML with keys in their given order."""
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def in_order(splits: dict[str, int]) -> list[str]:
    """Return the names of splits, ``train`` first."""
    return sorted(splits, key=lambda split: (split != "train", split))


def _modality(folder: str) -> str:
    return "video" if folder.startswith("video") else "text" if folder == "text" else "image"


def _licence_fields(licences: Counter[str]) -> dict[str, Any]:
    """Return the card's licence fields with the Hub's identifiers; ``unknown`` if the source states none."""
    names = sorted({re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") or "unknown" for text in licences})
    identifiers = [name if name in _HUB_LICENCES.split() else "other" for name in names]
    if not names:
        return {}
    others = [name for name, identifier in zip(names, identifiers, strict=True) if identifier == "other"]
    unique = sorted(set(identifiers))
    name_field = {"license_name": "-and-".join(others)[:80]} if others else {}
    return {"license": unique[0] if len(unique) == 1 else unique} | name_field


def _source_datasets(source: dict[str, Any]) -> list[str]:
    """Return the Hub's name for each source: ``extended|<dataset>`` for a dataset of the Hub, else ``original``."""
    if source["kind"] == "mixture":
        return [name for part in source["parts"].values() for name in _source_datasets(part)]
    # A local folder that ``datasets`` loads has no name in the manifest.
    return [f"extended|{source['name']}" if source["kind"] == "hub" and "name" in source else "original"]


def _size_category(count: int) -> str:
    return next((name for power, name in enumerate(_SIZE_CATEGORIES, 3) if count < 10**power), "n>100M")


def _config(manifest: dict[str, Any], folder: str, suffix: str) -> dict[str, Any]:
    rows = manifest["rows"]
    largest = max(rows, key=lambda name: (sum(rows[name].values()), name))
    files = [{"split": s, "path": f"data/{folder}/{s}-*.{suffix}"} for s in in_order(rows[folder])]
    config: dict[str, Any] = {"config_name": folder, "data_files": files}
    return config | ({"default": True} if folder == largest else {})


def _dataset_info(manifest: dict[str, Any], folder: str) -> dict[str, Any]:
    files = [file for shard in manifest["shards"] for file in shard["files"] if file["folder"] == folder]
    sizes: Counter[str] = Counter()
    for file in files:
        sizes[split_in(file["path"])] += file["bytes"]
    splits = manifest["rows"][folder]
    return {
        "config_name": folder,
        # In Parquet builds, a folder's name is its profile.
        "features": _card_features(features(cast("Profile", folder))),
        "splits": [{"name": s, "num_bytes": sizes[s], "num_examples": splits[s]} for s in in_order(splits)],
        "download_size": sum(sizes.values()),
        "dataset_size": sum(sizes.values()),
    }


def _card_features(feature_types: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, **_card_feature(feature)} for name, feature in feature_types.items()]


def _card_feature(feature: Any) -> dict[str, Any]:  # noqa: ANN401 - nested dicts and lists
    """Convert a feature to the card's form, which every version of ``datasets`` from 3.6 on reads."""
    if isinstance(feature, list):
        (inner,) = feature
        if inner.get("_type") == "Image":
            return {"sequence": "image"}
        return {"sequence": inner["dtype"]} if inner.get("_type") == "Value" else {"list": _card_features(inner)}
    return {"dtype": feature["dtype"]} if feature.get("_type") == "Value" else {"struct": _card_features(feature)}

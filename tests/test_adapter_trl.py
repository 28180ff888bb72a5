"""The TRL adapter with TRL itself: real trainers take steps on rows of a real build, and see the images."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pytest
import tiny_vlm
import torch
import train_grpo_trl
import two_stage
from conftest import recipe_with
from datasets import Dataset
from PIL import Image
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer, SFTConfig, SFTTrainer
from trl.data_utils import prepare_multimodal_messages

from puzzlegen.adapters import trl
from puzzlegen.building import build
from puzzlegen.diagnosis import diagnose
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import VerifierSpec
from puzzlegen.verify import VerifierError, score

# transformers warns that names used by TRL 1.16 will be removed in its next major version; that is for TRL to fix.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]
REWARDS = [trl.score_reward, trl.accuracy_reward, trl.format_reward, trl.transform_reward, trl.length_reward]
RIGHT, TURNED = "<answer>90</answer>", "<transform>90</transform>\n<answer>B</answer>"


@pytest.fixture(scope="module", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
        yield


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Builds of one image, several images and clips, as Parquet and tars; and one of puzzles joined with questions."""
    folder = tmp_path_factory.mktemp("builds")
    tasks: list[dict[str, Any]] = [
        {"task": "rotation"},
        {"task": "jigsaw", "rows": 2, "cols": 2},
        {"task": "clip_order", "clips": 3, "reference": False},
    ]
    plain: dict[str, Any] = {"source": {"kind": "samples", "images": 4, "videos": 2}, "prompt": {"reasoning": False}}
    parquet = recipe_with(tasks, **plain)
    tars = recipe_with(tasks, **plain, output={"format": "webdataset", "shard_size": 2})
    samples = {"kind": "samples", "images": 2, "videos": 0, "questions": True}
    system = {"reasoning": False, "system": "Look closely."}
    joined = recipe_with([{"task": "rotation", "form": "number"}], source=samples, join={}, prompt=system)
    for name, recipe in {"parquet": parquet, "tars": tars, "joined": joined}.items():
        build(recipe, folder / name, workers=1)
    return {name: folder / name for name in ("parquet", "tars", "joined")}


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for file in files_of(manifest_of(folder)) for row in read_rows(folder / file["path"])}


def text_of(content: list[dict[str, str]], *, image: str) -> str:
    return "".join(block.get("text", image) for block in content)


@pytest.mark.parametrize("name", ["parquet", "tars"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("profile", ["image", "multi_image"])
def test_pictures_stand_where_their_placeholders_stood(
    builds: dict[str, Path], name: str, streaming: bool, profile: Any
) -> None:
    stored = rows_of(builds[name])
    rows = list(trl.load(builds[name], profile, streaming=streaming))
    task = {"image": "rotation", "multi_image": "jigsaw"}[profile]
    assert {row["id"] for row in rows} == {key for key, row in stored.items() if row["extra_info"]["task"] == task}
    for row in rows:
        (message,) = row["prompt"]
        assert text_of(message["content"], image="<image>") == stored[row["id"]]["problem"]
        assert all(set(block) in ({"type"}, {"type", "text"}) for block in message["content"])
        assert len(row["images"]) == len(stored[row["id"]]["images"])
        assert all(isinstance(picture, Image.Image) for picture in row["images"])
        assert row["ground_truth"] == stored[row["id"]]["ground_truth"]


@pytest.mark.parametrize("name", ["parquet", "tars"])
def test_clips_are_frames_with_their_times(builds: dict[str, Path], name: str) -> None:
    stored = rows_of(builds[name])
    few, many = (list(trl.load(builds[name], "video", frames=frames)) for frames in (6, 1000))
    for row in few:
        text = text_of(row["prompt"][0]["content"], image="*")
        assert len(row["images"]) == 6 == text.count("*")
        for meta in stored[row["id"]]["video_meta"]:
            first, last = (f"{meta['timestamps'][k]:.2f} s: *" for k in (0, -1))
            assert f"frame 1 at {first}\nframe {meta['frames']} at {last}" in text
    for row in many:
        assert len(row["images"]) == sum(meta["frames"] for meta in stored[row["id"]]["video_meta"])
    again = list(trl.load(builds[name], "video", frames=6))
    assert [i.tobytes() for row in few for i in row["images"]] == [i.tobytes() for row in again for i in row["images"]]


def test_frames_that_a_question_counts_are_missed_at_once(tmp_path: Path) -> None:
    swap = recipe_with([{"task": "group_swap"}], source={"kind": "samples", "images": 0, "videos": 3})
    build(swap, tmp_path / "swap", workers=1)
    with pytest.warns(UserWarning, match="group_swap: a question counts frames"):
        trl.load(tmp_path / "swap", frames=8)
    (row, *_) = trl.load(tmp_path / "swap", frames=500)
    text = text_of(row["prompt"][0]["content"], image="*")
    assert re.findall(r"frame (\d+) at", text.partition("Clip:")[2]) == [
        str(k + 1) for k in range(text.partition("Clip:")[2].count("*"))
    ]
    warned = [f for f in diagnose(tmp_path / "swap", "trl", settings={"frames": "8"}).findings if f.level == "warning"]
    assert "questions count frames of clips" in warned[0].text
    assert diagnose(tmp_path / "swap", "trl", settings={"frames": "500"}).findings == []


def test_a_system_message_stays_in_front(builds: dict[str, Path]) -> None:
    row = trl.load(builds["joined"])[0]
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    assert row["prompt"][0]["content"] == [{"type": "text", "text": "Look closely."}]


@pytest.mark.parametrize("error", [OSError("no such dataset"), ValueError("BuilderConfig 'video' not found")])
def test_what_the_hub_does_not_give_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(PuzzlegenError, match=f"'owner/name': .*the Hub does not give it: {error}"):
        trl.load("owner/name", "video")


def test_what_cannot_be_loaded_is_said(builds: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(PuzzlegenError, match="profile text in split train; it has image: train; multi_image: train"):
        trl.load(builds["parquet"], "text")
    with pytest.raises(PuzzlegenError, match="in split test"):
        trl.load(builds["tars"], "image", "test")
    with pytest.raises(PuzzlegenError, match="frames=1 shows no motion"):
        trl.load(builds["parquet"], "video", frames=1)
    with pytest.raises(PuzzlegenError, match=r"has no manifest\.json"):
        trl.load(tmp_path)
    for name in ("puzzels", "/no/such/folder"):
        with pytest.raises(PuzzlegenError, match="no such folder, and no name on the Hub"):
            trl.load(name)
    with pytest.raises(PuzzlegenError, match="text puzzles in a run of their own"):
        trl.load(builds["parquet"], ["image", "text"])
    with pytest.raises(PuzzlegenError, match="give a folder at least"):
        trl.load([], "image")
    with pytest.raises(PuzzlegenError, match="no column prompt but question"):
        trl.prepare(Dataset.from_dict({"question": ["?"]}))
    row = next(row for row in rows_of(builds["parquet"]).values() if "images" in row)
    with pytest.raises(IntegrityError, match="placeholders in the prompt, 0 media"):
        trl.as_trl(row | {"images": []})


@pytest.mark.parametrize("streaming", [False, True])
def test_several_builds_and_profiles_are_one_dataset(builds: dict[str, Path], streaming: bool) -> None:
    both, profiles = [builds["parquet"], builds["joined"]], ["image", "multi_image", "video"]
    rows = list(trl.load(both, "image", streaming=streaming))
    stored = [*rows_of(builds["parquet"]).values(), *rows_of(builds["joined"]).values()]
    assert [row["id"] for row in rows] == [row["id"] for row in stored if len(row.get("images") or ()) == 1]
    assert all({"type": "image"} in row["prompt"][-1]["content"] for row in rows)
    mixed = trl.load(builds["tars"], profiles, streaming=streaming)  # type: ignore[arg-type]
    assert {row["id"] for row in mixed} == set(rows_of(builds["tars"]))
    assert all(row["images"] and "video_meta" not in row for row in mixed)


@pytest.mark.parametrize("combine", [datasets.concatenate_datasets, datasets.interleave_datasets])
def test_combined_builds_are_prepared_again(builds: dict[str, Path], combine: Any) -> None:
    """``datasets`` silently drops the transform, so the combined dataset yields plain records."""
    parts = [trl.load(builds[name], "image") for name in ("parquet", "joined")]
    mixed = combine(parts)
    raw = mixed[0]
    assert raw["prompt"][0]["content"] == raw["problem"]
    again = trl.prepare(mixed)
    alone = {(row["data_source"], row["id"]): row for part in parts for row in part}
    for row in again:
        assert row == alone[row["data_source"], row["id"]] | {"images": row["images"]}
    with pytest.raises(PuzzlegenError, match="blocks already"):
        trl.as_trl(parts[0][0])


def test_other_rows_and_columns_go_along(builds: dict[str, Path]) -> None:
    records = trl.records(builds["parquet"], "multi_image")
    own = Dataset.from_dict(
        {
            "prompt": [[{"role": "user", "content": "<image>\nHow many?"}]],
            "images": [records[0]["images"][:1]],
            "n": [3],
        }
    ).cast_column("images", [datasets.Image()])
    first, *_, last = trl.prepare(datasets.concatenate_datasets([records, own]))
    assert (first["n"], last["n"], last["ground_truth"]) == (None, 3, None)
    assert last["prompt"][0]["content"] == [{"type": "image"}, {"type": "text", "text": "\nHow many?"}]
    rows = trl.load(builds["parquet"], "multi_image")
    assert rows.add_column("mine", [7] * len(rows))[0]["mine"] == 7
    assert rows.rename_column("answer", "gold")[0]["gold"] == rows[0]["answer"]
    assert "answer" not in rows.remove_columns(["answer"])[0]


def test_a_run_on_rows_that_lost_their_pictures_stops(builds: dict[str, Path]) -> None:
    for profile, mark in (("image", "<image>"), ("video", "<video>")):
        raw, row = trl.records(builds["parquet"], profile)[0], trl.load(builds["parquet"], profile)[0]  # type: ignore[arg-type]
        columns = {"ground_truth": [row["ground_truth"]], "data_source": [row["data_source"]]}
        said = [[{"role": "assistant", "content": row["solution"]}]]
        pictures_first = prepare_multimodal_messages(raw["prompt"], images=row["images"])
        for prompt in (raw["prompt"], pictures_first, raw["problem"]):
            with pytest.raises(PuzzlegenError, match=f"holds {mark} as text"):
                trl.format_reward(said, prompts=[prompt], **columns)
        assert trl.format_reward(said, prompts=[row["prompt"]], **columns) == [1.0]
        elsewhere = columns | {"data_source": ["mine"]}
        assert trl.format_reward(said, prompts=[[{"role": "user", "content": f"What is {mark}?"}]], **elsewhere) == [
            1.0
        ]


def test_reasoning_that_trl_keeps_apart_is_part_of_the_response() -> None:
    """With a tokenizer that has a response template, TRL puts the reasoning of a completion into a separate field."""
    params = {"format": "answer", "think": True, "options": {"A": "x", "B": "y"}}
    truth = VerifierSpec("choice", "B", params).to_json()
    parsed = [{"role": "assistant", "reasoning_content": "It is upside down.", "content": "<answer>B</answer>"}]
    other = [{"role": "assistant", "thinking": "It is.", "content": "<answer>B</answer>"}]
    cut_off = [{"role": "assistant", "reasoning_content": "It is", "content": ""}]
    assert trl.format_reward([parsed, other, cut_off], ground_truth=[truth] * 3) == [1.0, 1.0, 0.0]
    assert trl.format_reward([[{"role": "assistant", "content": "<answer>B</answer>"}]], ground_truth=[truth]) == [0.0]


class Trained(NamedTuple):
    trainer: Any
    seen_with_gradient: list[bool]
    changed: set[str]
    scored: list[tuple[Any, dict[str, Any], list[float | None]]]


def train(rows: Any, tmp_path: Path, answers: list[str], trainer_class: Any = GRPOTrainer) -> Trained:
    """Train two steps from random weights; the model can generate nothing but the given answers."""
    config_class: Any = GRPOConfig if trainer_class is GRPOTrainer else RLOOConfig
    torch.set_num_threads(1)
    tiny = tiny_vlm.build(phrases=answers)
    said = {tiny.processor.tokenizer.convert_tokens_to_ids(answer) for answer in answers}
    others = [token for token in range(len(tiny.processor.tokenizer)) if token not in said]
    before = {name: weights.clone() for name, weights in tiny.model.named_parameters()}
    seen: list[bool] = []
    tiny.model.model.visual.register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    scored = []

    def watched(completions: list[Any], **columns: Any) -> list[float | None]:
        found = trl.score_reward(completions, **columns)
        scored.append((completions, columns, found))
        return found

    config = config_class(
        str(tmp_path), use_cpu=True, bf16=False, gradient_checkpointing=False, report_to="none", save_strategy="no",
        per_device_train_batch_size=8, num_generations=8, max_completion_length=1, max_steps=2, logging_steps=1,
        learning_rate=1e-2, disable_tqdm=True, generation_kwargs={"suppress_tokens": others}, beta=0.0,
    )  # fmt: skip
    trainer = trainer_class(
        tiny.model, [watched, *REWARDS[1:]], args=config, train_dataset=rows, processing_class=tiny.processor
    )
    trainer.train()
    changed = {name for name, weights in tiny.model.named_parameters() if not torch.equal(before[name], weights)}
    return Trained(trainer, seen, changed, scored)


@pytest.mark.parametrize(
    ("name", "profile", "streaming", "trainer_class"),
    [
        ("parquet", "image", False, GRPOTrainer),
        ("parquet", "multi_image", True, GRPOTrainer),
        ("parquet", "video", False, GRPOTrainer),
        ("tars", "image", True, GRPOTrainer),
        ("parquet", "image", False, RLOOTrainer),
    ],
)
def test_trainers_take_steps_and_see(
    builds: dict[str, Path], name: str, profile: Any, streaming: bool, trainer_class: Any, tmp_path: Path
) -> None:
    """The model can give the right answer or a wrong one, so rewards differ within a group and there is a loss."""
    rows = trl.load(builds[name], profile, streaming=streaming, frames=6)
    right = next(iter(rows))
    only = rows.filter(_has_id, fn_kwargs={"wanted": right["id"]})
    done = train(
        only.repeat(4) if streaming else only, tmp_path, [right["solution"], "<answer>none</answer>"], trainer_class
    )
    logs = [log for log in done.trainer.state.log_history if "loss" in log]
    assert len(logs) == 2
    assert all(torch.isfinite(torch.tensor([log["loss"], log["grad_norm"]])).all() for log in logs)
    assert max(log["grad_norm"] for log in logs) > 0
    assert any(done.seen_with_gradient)
    assert any("visual" in name for name in done.changed)
    assert len(done.scored) == 2
    for completions, columns, found in done.scored:
        texts = [completion[0]["content"] for completion in completions]
        pairs = zip(texts, columns["ground_truth"], strict=True)
        assert found == [score(text, truth).value for text, truth in pairs]
        assert set(zip(texts, found, strict=True)) <= {(right["solution"], 1.0), ("<answer>none</answer>", 0.0)}
    mean = sum(value or 0 for _, _, found in done.scored[:1] for value in found) / 8
    assert logs[0][f"{right['data_source']}/accuracy"] == pytest.approx(mean)


def _has_id(row: dict[str, Any], wanted: str) -> bool:
    return bool(row["id"] == wanted)


TINY = ["--tiny", "--max-steps", "1", "--batch", "2", "--generations", "2", "--completion", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("flags", [["--lora", "--evaluate", "train"], ["--streaming", "--rewards", "score", "format"]])
def test_the_training_script_runs(builds: dict[str, Path], tmp_path: Path, flags: list[str]) -> None:
    given = [str(builds["parquet"]), "--profile", "image", "--out", str(tmp_path), *TINY, *flags]
    trainer = train_grpo_trl.main(given)
    assert trainer.state.global_step == 1
    trained = {name for name, weights in trainer.model.named_parameters() if weights.requires_grad}
    assert all("lora_" in name for name in trained) == ("--lora" in flags)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--profile", "text"], "has no puzzles of profile text in split train"),
        (["--evaluate", "nowhere"], "in split nowhere"),
        (["--rewards", "score", "format", "--weights", "1"], "1 --weights for 2 --rewards; give one per reward"),
        (["--streaming", "--max-steps", "-1"], "give --max-steps"),
        (["--generations", "1"], "TRL refuses these settings: GRPO requires at least 2 generations"),
    ],
)
def test_mistakes_in_the_script_s_arguments_are_one_line(
    builds: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    given = [str(builds["parquet"]), "--out", str(tmp_path), *TINY, *flags]
    with pytest.raises(SystemExit) as ended:
        train_grpo_trl.one_line_per_mistake(lambda: train_grpo_trl.main(given))
    assert ended.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_both_questions_are_trained_together(builds: dict[str, Path], tmp_path: Path) -> None:
    trainer = two_stage.main(["joint", str(builds["joined"]), "--out", str(tmp_path), *TINY])
    (log,) = [log for log in trainer.state.log_history if "loss" in log]
    assert {f"puzzlegen/rotation/{part}" for part in ("accuracy", "transform", "format", "length")} <= set(log)


def test_the_second_stage_trains_what_the_first_left(builds: dict[str, Path], tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"media": "a.png", "question": "Which colour?", "answer": "red"}) + "\n")
    flags = ["--profile", "image", *TINY, "--out", str(tmp_path / "out")]
    weighed = ["--evaluate", "train", "--rewards", "accuracy", "format", "--weights", "1", "0.2"]
    trainer = two_stage.main(["pretext", str(builds["parquet"]), str(own), *flags, *weighed])
    assert trainer.args.reward_weights == [1.0, 0.2]
    for stage in ("puzzles", "own"):
        assert list((tmp_path / "out" / stage).glob("*.safetensors"))
    row = trainer.train_dataset[0]
    assert row["prompt"][0]["content"][0] == {"type": "image"}
    assert trl.score_reward(["<think>It is.</think><answer>Red.</answer>"], ground_truth=[row["ground_truth"]]) == [1.0]
    assert trainer.state.global_step == 1


def test_own_questions_say_where_their_picture_stands(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    own = tmp_path / "own.jsonl"
    for question, begins in (("Which?", "\nWhich?"), ("<image>\nWhich?", "\nWhich?"), ("Is it <image>?", "?")):
        own.write_text(json.dumps({"media": "a.png", "question": question, "answer": "red"}))
        content = two_stage.own_rows(own)[0]["prompt"][0]["content"]
        assert content[-2] == {"type": "image"}
        assert content[-1]["text"].startswith(begins)
    own.write_text(json.dumps({"media": "a.png", "question": "Is it <video>?", "answer": "red"}))
    with pytest.raises(SystemExit, match="a question has one picture"):
        two_stage.own_rows(own)


def test_rewards_are_the_parts_of_the_score(builds: dict[str, Path]) -> None:
    rows = trl.load(builds["joined"])
    truth, solution = rows[0]["ground_truth"], rows[0]["solution"]
    for response in (solution, RIGHT, TURNED, "", "<think>"):
        said = [[{"role": "assistant", "content": response}]]
        parts = score(response, truth)
        expected = [parts.value, *(parts.parts[part] for part in ("accuracy", "format", "transform", "length"))]
        assert [reward(said, ground_truth=[truth])[0] for reward in REWARDS] == expected


@pytest.mark.parametrize(
    ("profile", "streaming"), [("image", False), ("multi_image", True), ("video", False), ("text", True)]
)
def test_sft_learns_the_solutions_and_nothing_else(
    builds: dict[str, Path], tmp_path: Path, profile: Any, streaming: bool
) -> None:
    folder = builds["parquet"]
    if profile == "text":
        folder = tmp_path / "graphs"
        graphs = {"kind": "graph", "graphs": 2, "nodes": 20}
        build(recipe_with([{"task": "neighbours"}], source=graphs), folder, workers=1)
    rows = trl.load(folder, profile, streaming=streaming, completions=True)
    model, processor = tiny_vlm.build()
    config = SFTConfig(
        str(tmp_path),
        max_steps=1,
        per_device_train_batch_size=1,
        remove_unused_columns=False,
        max_length=None,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
    )
    trainer = SFTTrainer(model, args=config, train_dataset=rows, processing_class=processor)
    solutions = {row["solution"] for row in rows_of(folder).values()}
    for batch in trainer.get_train_dataloader():
        learnt = batch["input_ids"][batch["labels"] != -100]
        text = processor.tokenizer.decode(learnt)
        assert text.removesuffix("\n").removesuffix("<|im_end|>") in solutions
        assert ("pixel_values" in batch) == (profile != "text")
    trainer.train()
    assert trainer.state.global_step == 1


def test_sft_without_solutions_says_what_to_do(builds: dict[str, Path]) -> None:
    rows = trl.prepare(trl.records(builds["parquet"], "image").remove_columns("solution"), completions=True)
    with pytest.raises(PuzzlegenError, match="remove_unused_columns=False"):
        rows[0]
    assert "completion" not in trl.load(builds["parquet"], "image")[0]


def test_foreign_rows_have_no_reward(builds: dict[str, Path]) -> None:
    ours = trl.load(builds["parquet"], "image")[0]
    foreign = [None, "42", "[1]", '{"answer": 3}', 42]
    said = [[{"role": "assistant", "content": ours["solution"]}]] * 6
    logged: list[tuple[str, float]] = []
    columns = {
        "ground_truth": [ours["ground_truth"], *foreign],
        "data_source": [ours["data_source"], *["elsewhere"] * 5],
        "log_metric": lambda *pair: logged.append(pair),
    }
    assert trl.score_reward(said, **columns) == [1.0, None, None, None, None, None]
    assert trl.transform_reward(said, **columns) == [None] * 6
    assert logged == [("puzzlegen/rotation/score", 1.0)]
    assert trl.score_reward(said) == [None] * 6
    with pytest.raises(VerifierError):
        trl.score_reward(said[:1], ground_truth=[ours["ground_truth"].replace('"choice"', '"guess"')])


def test_rewards_and_rows_can_be_sent_to_other_processes(builds: dict[str, Path]) -> None:
    assert pickle.loads(pickle.dumps(REWARDS)) == REWARDS  # noqa: S301 - our own bytes
    rows: Dataset = trl.load(builds["parquet"], "image")
    assert pickle.loads(pickle.dumps(rows))[0]["prompt"] == rows[0]["prompt"]  # noqa: S301

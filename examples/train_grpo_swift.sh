#!/usr/bin/env bash
# GRPO with ms-swift 4 on a build's puzzles, pictures or clips.
#
#   puzzlegen build recipes/video_ssl.yaml
#   PROFILE=video bash examples/train_grpo_swift.sh puzzles/video_ssl [further arguments of swift rlhf]
#
#   MODEL    a vision-language model that ms-swift knows
#   PROFILE  video, image or multi_image: one run, one profile
#   GPUS     processes on this machine
#   FPS      frames a second that clips are sampled at; ms-swift's own default is 2, too few for most puzzles of clips
#
# Runs in ms-swift's environment, in which `pip install --no-deps puzzlegen` is enough for the reward; the export and
# the doctor need all of puzzlegen, there or elsewhere. DRY_RUN=1 prints the command instead of running it.
set -euo pipefail

build=${1:?give the folder of a build}
shift
model=${MODEL:-Qwen/Qwen2.5-VL-3B-Instruct}
profile=${PROFILE:-video}
export_to=${EXPORT:-$build-swift}

# An export of this very build is kept; one of an earlier build would train on other puzzles, and is replaced.
puzzlegen export "$build" --to swift --out "$export_to"
puzzlegen doctor "$export_to" --trainer swift --profile "$profile"
# The plugin's place without importing it: it needs ms-swift.
plugin=$(python -c 'from importlib.util import find_spec; print(find_spec("puzzlegen.adapters.swift").origin)')

export NPROC_PER_NODE=${GPUS:-1} FPS=${FPS:-4} FPS_MAX_FRAMES=${FPS_MAX_FRAMES:-64}
command=(
  swift rlhf
  --rlhf_type grpo
  --model "$model"
  --dataset "$(realpath "$export_to/$profile/train.jsonl")"
  --external_plugins "$plugin"
  # The whole score; puzzlegen_accuracy, _format, _transform and _length are its parts, for --reward_weights.
  --reward_funcs puzzlegen
  --tuner_type lora
  --torch_dtype bfloat16
  --num_generations 8
  --max_length 8192
  --max_completion_length 1024
  --per_device_train_batch_size 8
  --gradient_accumulation_steps 4
  --learning_rate 1e-5
  --beta 0.0
  --num_train_epochs 1
  --logging_steps 1
  --log_completions true
  --output_dir "output/puzzlegen-$profile"
  "$@"
)
if [ -n "${DRY_RUN:-}" ]; then
  printf '%q ' "${command[@]}"
  echo
else
  "${command[@]}"
fi

#!/usr/bin/env bash
# GRPO with verl 0.9 on a build's puzzles: pictures as they are, clips after an export to files.
#
#   puzzlegen build recipes/video_ssl.yaml
#   bash examples/train_grpo_verl.sh puzzles/video_ssl [further overrides of verl]
#
#   MODEL    a vision-language model that verl knows
#   PROFILE  image, multi_image or video: one run, one profile
#   GPUS     per node
#   ENGINE   vllm or sglang
#
# Runs in verl's environment, in which `pip install --no-deps puzzlegen` is enough for the reward; the export and the
# doctor need all of puzzlegen, there or elsewhere. DRY_RUN=1 prints the command instead of running it.
set -euo pipefail

build=${1:?give the folder of a build}
shift
model=${MODEL:-Qwen/Qwen2.5-VL-3B-Instruct}
profile=${PROFILE:-image}
export_to=${EXPORT:-$build-verl}

# Paths instead of bytes: verl keeps the bytes of every picture in memory, and takes no bytes of clips at all.
# An export of this very build is kept; one of an earlier build would train on other puzzles, and is replaced.
puzzlegen export "$build" --to verl --images path --out "$export_to"
puzzlegen doctor "$export_to" --trainer verl --profile "$profile"
reward=$(python -c 'from puzzlegen.adapters import verl; print(verl.__file__)')
train=$(realpath "$export_to/$profile/train.parquet")
held_out=${train%/*}/validation.parquet
validation=(trainer.test_freq=20)
if [ ! -f "$held_out" ]; then
  echo "no validation split for $profile: validation is off" >&2
  held_out=$train # verl loads a file for validation all the same
  validation=(trainer.test_freq=-1 trainer.val_before_train=False)
fi

command=(
  python -m verl.trainer.main_ppo
  algorithm.adv_estimator=grpo
  algorithm.use_kl_in_reward=False
  data.train_files="[$train]"
  data.val_files="[$held_out]"
  data.train_batch_size=128
  data.max_prompt_length=4096
  data.max_response_length=1024
  # The filter's own processes can hang beside torch's threads; in this process it cannot.
  data.filter_overlong_prompts=True
  data.filter_overlong_prompts_workers=null
  data.truncation=error
  reward.custom_reward_function.path="$reward"
  reward.custom_reward_function.name=compute_score
  actor_rollout_ref.model.path="$model"
  actor_rollout_ref.model.enable_gradient_checkpointing=True
  actor_rollout_ref.actor.optim.lr=1e-6
  actor_rollout_ref.actor.ppo_mini_batch_size=64
  actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=4
  actor_rollout_ref.actor.use_kl_loss=False
  actor_rollout_ref.rollout.name="${ENGINE:-vllm}"
  actor_rollout_ref.rollout.n=8
  actor_rollout_ref.rollout.gpu_memory_utilization=0.6
  actor_rollout_ref.rollout.tensor_model_parallel_size=1
  actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=8
  trainer.n_gpus_per_node="${GPUS:-8}"
  trainer.nnodes=1
  trainer.logger="[console]"
  trainer.project_name=puzzlegen
  trainer.experiment_name="$profile"
  trainer.total_epochs=1
  "${validation[@]}"
  trainer.save_freq=100
  "$@"
)
if [ -n "${DRY_RUN:-}" ]; then
  printf '%q ' "${command[@]}"
  echo
else
  "${command[@]}"
fi

#!/bin/bash
# One build on many machines: a job array over one shared folder, no scheduler of our own.
#   sbatch examples/slurm.sh my_recipe.yaml /shared/media /shared/puzzles
# When the array has ended:  puzzlegen merge /shared/puzzles && puzzlegen verify /shared/puzzles
# Submit it again after a failure: shards that are done are kept.
#SBATCH --job-name=puzzlegen
#SBATCH --array=0-15
#SBATCH --cpus-per-task=16
#SBATCH --mem=16G
#SBATCH --time=12:00:00
set -euo pipefail

puzzlegen build "$1" --source "$2" --out "$3" \
  --workers "${SLURM_CPUS_PER_TASK:-1}" \
  --shards "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"

#!/usr/bin/env bash
# One virtual environment per trainer, because their pins exclude each other: make_venv.sh NAME [FOLDER]
#
#   NAME    verl swift easyr1 openrlhf skyrl; slime shares openrlhf's
#   FOLDER  folder of all environments; default $PUZZLEGEN_TRAINER_VENVS, else ~/.cache/puzzlegen/trainers
#
# EasyR1 and slime are only on GitHub: put checkouts into FOLDER/src/EasyR1 and FOLDER/src/slime, or let git fetch them.
# torch comes from pip's index; for its CPU wheels set PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
set -euo pipefail

name=${1:?name a trainer: verl swift easyr1 openrlhf skyrl}
folder=${2:-${PUZZLEGEN_TRAINER_VENVS:-$HOME/.cache/puzzlegen/trainers}}
here=$(cd "$(dirname "$0")" && pwd)

# torchvision is installed without dependencies, which would replace torch with a CUDA build; see torchvision_ops.py.
torch=(torch==2.13.0)
vision=(torchvision==0.28.0)
media=(qwen-vl-utils==0.0.14 decord==0.6.0)
ours=(av==18.1.0 pillow pyarrow pydantic pyyaml rich typer)
alone=()
case $name in
  verl) packages=("${torch[@]}" verl==0.9.1 "${media[@]}") ;;
  swift) packages=("${torch[@]}" ms-swift==4.6.0 msgspec "${media[@]}") ;;
  easyr1)
    packages=("${torch[@]}" transformers==4.57.3 datasets==4.8.4 tensordict==0.10.0 "ray[default]" accelerate codetiming
      mathruler omegaconf pandas peft pylatexenc torchdata wandb "${media[@]}") ;;
  openrlhf)
    # OpenRLHF's own requirements include flash-attn and deepspeed, which need CUDA; its data code does not.
    packages=("${torch[@]}" transformers==5.10.4 datasets==5.2.0 aiohttp pylatexenc ray tqdm "${media[@]}")
    alone=(openrlhf==0.11.2) ;;
  skyrl) packages=(skyrl-gym==0.4.0) vision=() ;;
  *) echo "unknown trainer '$name'; known: verl swift easyr1 openrlhf skyrl" >&2; exit 2 ;;
esac

"${PYTHON:-python3}" -m venv "$folder/$name"
"$folder/$name/bin/pip" install --quiet "${packages[@]}" "${ours[@]}"
alone+=("${vision[@]}")
[ ${#alone[@]} -eq 0 ] || "$folder/$name/bin/pip" install --quiet --no-deps "${alone[@]}"

checkout() {
  [ -d "$folder/src/$2" ] || git clone --quiet --depth 1 "https://github.com/$1/$2" "$folder/src/$2"
}
case $name in
  easyr1) checkout hiyouga EasyR1 ;;
  openrlhf) checkout THUDM slime ;;
esac

[ "$name" = skyrl ] || "$folder/$name/bin/python" "$here/tiny_model.py" "$folder/model-$name"
echo "$folder/$name is ready"

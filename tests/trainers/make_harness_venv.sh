#!/usr/bin/env bash
# Make the environment of one consumer, with the versions in pins/NAME.txt and this checkout: make_harness_venv.sh NAME
# The first lines of the pins may be "# python 3.13", "# pip OPTIONS", and, if versions clash, "# puzzlegen --no-deps".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
known=$(cd "$here/pins" && echo *.txt | sed 's/\.txt//g')
name=${1:?give a name: $known}
pins=$here/pins/$name.txt
[ -f "$pins" ] || { echo "no consumer '$name'; known: $known" >&2; exit 2; }
folder=${PUZZLEGEN_TRAINER_VENVS:-$HOME/.cache/puzzlegen/trainers}/$name

said() { sed -n "s/^# $1 //p" "$pins"; }
version=$(said python)
python=python${version:=3.11}
"$python" -c '' 2>/dev/null || python=$(ls -d "$HOME/.pyenv/versions/$version".*/bin/python | tail -n1)
"$python" -m venv "$folder"
# One command where possible: a second one would replace versions that the first has chosen.
own=("$here/../..")
# shellcheck disable=SC2046
if [ -n "$(said puzzlegen)" ]; then
  "$folder/bin/pip" install --quiet $(said pip) -r "$pins"
  "$folder/bin/pip" install --quiet $(said puzzlegen) "${own[@]}"
else
  "$folder/bin/pip" install --quiet $(said pip) -r "$pins" "${own[@]}"
fi
echo "$folder"

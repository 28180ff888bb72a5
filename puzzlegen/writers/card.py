"""The dataset card: a README.md that the Hub shows and in which ``load_dataset`` finds the paths of the files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from puzzlegen.cards import front_matter
from puzzlegen.cards.loading import loading

if TYPE_CHECKING:
    from puzzlegen.census import Census, TaskCensus

_ABOUT: Final = (
    "Made by [puzzlegen](https://pypi.org/project/puzzlegen/) from raw media, without labels and without a model. "
    "Each record holds a transformed medium, a question, the answer and a verifier spec in `ground_truth`, which "
    "`puzzlegen.verify.score` reads: one right answer, and no reward for a wrong one but where a kind of answer earns "
    "partial credit above chance.\n"
)
_LIMITS: Final = (
    "- A picture or clip without an up, such as a carpet, is not recognised as such where nothing measures it.\n"
    "- Difficulty follows from a task's parameters alone, not from the content.\n"
    "- What the media show, and whom, was not reviewed; their licences are those that the source states.\n"
    "- Videos are H.264 in MP4, sampled anew: `video_meta` holds the times of the frames in the source.\n"
)
#: The papers whose tasks these follow: title, arXiv number, tasks.
_PAPERS: Final = (
    ("SSL4RL", "2510.16416", {"rotation", "jigsaw", "contrastive", "position", "node_attribute", "neighbours", "link"}),
    ("SSL-R1", "2604.20705", {"rotation", "similarity", "inpainting", "jigsaw", "correspondence"}),
    ("ViSS-R1", "2511.13054", {"rotation", "flip", "swap", "video_rotation", "arrow_of_time", "group_swap"}),
    ("Visual Jigsaw", "2509.25190", {"jigsaw", "clip_order"}),
    ("VideoSSR", "2511.06281", {"anomaly", "overlay_count", "clip_order", "frame_order"}),
)
_MAX_LISTED_ANSWERS: Final = 8
_MAX_CELL_CHARS: Final = 40

#: The audit's section stands between these lines; the next audit replaces it.
_AUDIT_BEGINS: Final = "<!-- audit begins -->"
_AUDIT_ENDS: Final = "<!-- audit ends -->"
_AUDIT_PATTERN: Final = re.compile(rf"\n*{re.escape(_AUDIT_BEGINS)}\n(.*?)\n{re.escape(_AUDIT_ENDS)}\n", re.DOTALL)


def card(manifest: dict[str, Any], census: Census, pictures: dict[str, str]) -> str:
    """Return the card of a finished build.

    Args:
        manifest: of the build.
        census: what the build's files hold.
        pictures: by task, the path of one puzzle's picture.
    """
    parts = [
        f"---\n{front_matter.front_matter(manifest, census.licences)}---\n\n# {front_matter.title(manifest)}\n",
        _ABOUT,
        f"## Load\n\n{loading(manifest)}" if manifest["rows"] else "",
        f"## Puzzles\n\n{_puzzle_table(manifest, census)}\n",
        *(_example(task, task_census, pictures.get(task)) for task, task_census in sorted(census.tasks.items())),
        f"## Splits\n\n{_split_table(manifest)}\n",
        f"## How it was built\n\n{_origin(manifest)}\n",
        f"## Limits\n\n{_LIMITS}",
        _citations(set(census.tasks)),
    ]
    return "\n".join(part for part in parts if part)


def _puzzle_table(manifest: dict[str, Any], census: Census) -> str:
    tasks = sorted(set(manifest["kept"]) | set(manifest["rejected"]) - {""})
    lines = [
        "| task | puzzles | right answers | difficulty | chance | rejected, by reason |",
        "|---|---|---|---|---|---|",
    ]
    for task in tasks:
        reasons = sorted(manifest["rejected"].get(task, {}).items())
        reason_list = ", ".join(f"{reason} {count}" for reason, count in reasons) or "none"
        lines.append(
            f"| `{task}` | {manifest['kept'].get(task, 0)} | {_stat_cells(census.tasks.get(task))} | {reason_list} |"
        )
    if skipped := manifest["rejected"].get(""):
        lines.append(f"\nNot items: {', '.join(f'{r} {n}' for r, n in sorted(skipped.items()))}.")
    lines.append(
        "\nDifficulty runs from 0 to 1: least, mean and largest. Chance is what a policy earns that answers without "
        "looking. Every rejection is a row of `rejections.parquet`."
    )
    return "\n".join(lines)


def _stat_cells(task_census: TaskCensus | None) -> str:
    if task_census is None:
        return "| |"
    low, mean, high = task_census.difficulty
    return f"{_answer_cell(task_census)} | {low:.2f}, {mean:.2f}, {high:.2f} | {task_census.chance:.3f}"


def _answer_cell(task_census: TaskCensus) -> str:
    if task_census.answers is None:
        return "many"
    if len(task_census.answers) > _MAX_LISTED_ANSWERS:
        return f"{len(task_census.answers)} different, each at most {max(task_census.answers.values())} times"
    return ", ".join(f"{_code_cell(answer)} {n}" for answer, n in sorted(task_census.answers.items()))


def _code_cell(text: str) -> str:
    """Return untrusted text as code that cannot break a cell of a table."""
    return f"`{' '.join(text.replace('`', ' ').split())[:_MAX_CELL_CHARS]}`".replace("|", "\\|")


def _example(task: str, task_census: TaskCensus, picture: str | None) -> str:
    """Return a puzzle as it is asked, in a code fence that the puzzle's own text cannot end."""
    row = task_census.example
    problem = row["problem"].strip()
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", problem)), default=0))
    image = f"![{task}]({picture})\n\n" if picture else ""
    return f"### {task}\n\n{image}{fence}text\n{problem}\n\nAnswer: {' '.join(row['answer'].split())}\n{fence}\n"


def _split_table(manifest: dict[str, Any]) -> str:
    lines = ["| config | split | puzzles |", "|---|---|---|"]
    for config, splits in manifest["rows"].items():
        lines += [f"| `{config}` | {split} | {splits[split]} |" for split in front_matter.in_order(splits)]
    lines.append("\nAll puzzles of one source item share a split.")
    return "\n".join(lines)


def _origin(manifest: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in sorted(manifest["environment"].items()))
    tasks = ", ".join(f"{task} {version}" for task, version in sorted(manifest["task_versions"].items()))
    return (
        f"Items: {manifest['source']['items']}. Versions: {versions}. Task versions: {tasks}. The same recipe, source "
        f"bytes and versions give the same bytes; `manifest.json` has the SHA-256 of every file.\n\n"
        f"Source listing `{manifest['source']['listing']}`, content `{manifest['content_sha256']}`.\n\n"
        f"```yaml\n{front_matter.as_yaml(manifest['recipe'])}```"
    )


def with_audit(text: str, section: str) -> str:
    """Return the card with this section about its audit at the end, in place of an earlier one."""
    return f"{_AUDIT_PATTERN.sub('', text).rstrip()}\n\n{_AUDIT_BEGINS}\n{section.strip()}\n{_AUDIT_ENDS}\n"


def _citations(tasks: set[str]) -> str:
    citations = [
        f"- {name}: [arXiv {number}](https://arxiv.org/abs/{number})" for name, number, t in _PAPERS if tasks & t
    ]
    return "## Papers whose tasks are followed\n\n" + "\n".join(citations) + "\n" if citations else ""

"""NeMo-Gym: JSON lines with prompts for the Responses API, media as data URIs, and a resources server for scoring.

Copy ``resources_servers/puzzlegen`` of the export into NeMo-Gym's folder ``resources_servers``; the configuration there
holds the paths of the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from puzzlegen.export import Carrier, Made, Row, Target

_PLACEHOLDER: Final = re.compile(r"(<image>|<video>)")
_SERVER_FOLDER: Final = "resources_servers/puzzlegen"
_AGENT_NAME: Final = "puzzlegen_simple_agent"
_APP_CODE: Final = """from puzzlegen.adapters.nemo_gym import PuzzleServer

if __name__ == "__main__":
    PuzzleServer.run_webserver()
"""


class NemoGym(Target):
    """Rows for NeMo-Gym, which posts the fields beside ``responses_create_params`` to the server's ``/verify``."""

    images: ClassVar[tuple[Carrier, ...]] = ("data_uri",)
    videos: ClassVar[tuple[Carrier, ...]] = ("data_uri", "path")

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the prompt as Responses API input, with the fields that the server needs to score a response."""
        remaining_media = [uri if uri.startswith("data:") else f"file://{uri}" for uri in media]
        messages = [message | {"content": _content(message, remaining_media)} for message in row["prompt"]]
        return {
            "responses_create_params": {"input": messages},
            "id": row["id"],
            "task": row["extra_info"]["task"],
            "ground_truth": row["ground_truth"],
            "agent_ref": {"type": "responses_api_agents", "name": _AGENT_NAME},
        }

    def files(self, made: Made) -> Mapping[str, bytes]:
        """Return the server's code, requirements and configuration; the latter is JSON, which is valid YAML."""
        config = json.dumps(_config(made), indent=1)
        return {
            f"{_SERVER_FOLDER}/app.py": _APP_CODE.encode(),
            f"{_SERVER_FOLDER}/requirements.txt": b"-e nemo-gym[dev] @ ../../\npuzzlegen\n",
            f"{_SERVER_FOLDER}/configs/puzzlegen.yaml": f"{config}\n".encode(),
        }


def _content(message: dict[str, str], remaining_media: list[str]) -> Any:  # noqa: ANN401 - text or parts
    pieces = [piece for piece in _PLACEHOLDER.split(message["content"]) if piece.strip()]
    if message["role"] != "user" or not any(_PLACEHOLDER.fullmatch(piece) for piece in pieces):
        return message["content"]
    return [_part(piece, remaining_media) for piece in pieces]


def _part(piece: str, remaining_media: list[str]) -> dict[str, str]:
    if piece == "<image>":
        return {"type": "input_image", "image_url": remaining_media.pop(0), "detail": "auto"}
    if piece == "<video>":
        return {"type": "input_video", "video_url": remaining_media.pop(0)}
    return {"type": "input_text", "text": piece.strip("\n")}


def _config(made: Made) -> dict[str, Any]:
    server_metadata = {"domain": "other", "description": "What was done to a picture or clip", "verified": False}
    datasets = [
        {
            "name": f"{profile}_{split}",
            "type": "train" if split == "train" else "validation",
            "jsonl_fpath": f"{made.root}/{profile}/{split}.jsonl",
            # NeMo-Gym accepts a fixed list of licences; those of the media are in the build's records.
            "license": "TBD",
        }
        for profile, splits in made.rows.items()
        for split in splits
    ]
    agent = {
        "entrypoint": "app.py",
        "max_steps": 1,
        "resources_server": {"type": "resources_servers", "name": "puzzlegen"},
        "model_server": {"type": "responses_api_models", "name": "policy_model"},
        "datasets": datasets,
    }
    return {
        "puzzlegen": {"resources_servers": {"puzzlegen": {"entrypoint": "app.py", **server_metadata}}},
        _AGENT_NAME: {"responses_api_agents": {"simple_agent": agent}},
        "puzzlegen_environment_server": {
            "environment_servers": {
                "legacy_agent": {
                    "entrypoint": "app.py",
                    "agent_server": {"type": "responses_api_agents", "name": _AGENT_NAME},
                }
            }
        },
    }

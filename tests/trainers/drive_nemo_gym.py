"""Post every row of an export to the server's real application, with its solution and with a wrong text."""

import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

import yaml
from fastapi.testclient import TestClient
from nemo_gym.base_resources_server import BaseResourcesServerConfig
from nemo_gym.config_types import DatasetConfig
from nemo_gym.openai_utils import NeMoGymResponseCreateParamsNonStreaming
from nemo_gym.responses_converter import ResponsesConverter
from nemo_gym.server_utils import ServerClient

from puzzlegen.adapters.nemo_gym import PuzzleServer
from puzzlegen.reading import files_in, read_rows


def response(text: str, thought: str = "") -> dict:
    said = {"type": "output_text", "text": text, "annotations": []}
    output = [{"id": "m", "type": "message", "role": "assistant", "content": [said]}]
    if thought:
        output.insert(0, {"id": "t", "type": "reasoning", "summary": [{"type": "summary_text", "text": thought}]})
    plain = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return {"id": "r", "created_at": 0.0, "model": "m", "object": "response", "output": output, **plain}


build, export = map(Path, sys.argv[1:])
solutions = {r["id"]: r["solution"] for f in files_in(build) for r in read_rows(build / f["path"])}
config = yaml.safe_load((export / "resources_servers/puzzlegen/configs/puzzlegen.yaml").read_text())
datasets = config["puzzlegen_simple_agent"]["responses_api_agents"]["simple_agent"]["datasets"]
server = PuzzleServer(
    config=BaseResourcesServerConfig(host="127.0.0.1", port=1, entrypoint="", name="puzzlegen"),
    server_client=MagicMock(spec=ServerClient),
)
converter = ResponsesConverter(return_token_id_information=False)
found = []
with TestClient(server.setup_webserver()) as client:
    for path in [DatasetConfig(**dataset).jsonl_fpath for dataset in datasets]:
        for line in Path(path).read_text().splitlines():
            row = json.loads(line)
            asked = NeMoGymResponseCreateParamsNonStreaming(**row["responses_create_params"])
            chat = ResponsesConverter(return_token_id_information=False).responses_to_chat_completion_create_params(
                asked
            )
            (message,) = chat.messages
            thought, _, said = solutions[row["id"]].removeprefix("<think>").partition("</think>")
            posts = [response(solutions[row["id"]]), response(said, thought), response("hm")]
            replies = [client.post("/verify", json={**row, "response": post}) for post in posts]
            assert {reply.status_code for reply in replies} == {200}, replies[0].text
            kept = ("reward", "reward_components", "reason", "id", "task")
            found.append(
                {
                    "prompt": [part["type"] for part in message["content"]],
                    "replies": [{key: reply.json()[key] for key in kept} for reply in replies],
                }
            )
print(json.dumps(found))

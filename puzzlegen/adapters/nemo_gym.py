"""NeMo-Gym (0.7): the resources server that scores responses to rows of ``puzzlegen export --to nemo_gym``."""

from __future__ import annotations

from nemo_gym.base_resources_server import (
    BaseMultiRewardVerifyResponse,
    BaseResourcesServerConfig,
    BaseVerifyRequest,
    SimpleResourcesServer,
)
from nemo_gym.openai_utils import NeMoGymResponse

from puzzlegen.chat import whole_response
from puzzlegen.verify import score


class PuzzleVerifyRequest(BaseVerifyRequest):
    """A row of the export together with the model's response."""

    ground_truth: str
    id: str = ""
    task: str = ""


class PuzzleVerifyResponse(BaseMultiRewardVerifyResponse):
    """The reward, its parts (the same for every task) and the reason for it."""

    ground_truth: str
    id: str
    task: str
    accuracy: float
    format: float
    transform: float
    length: float
    reason: str


class PuzzleServer(SimpleResourcesServer):
    """Stateless resources server: scores each response by its row alone."""

    config: BaseResourcesServerConfig

    async def verify(self, body: PuzzleVerifyRequest) -> PuzzleVerifyResponse:
        """Score the response."""
        result = score(_response_text(body.response), body.ground_truth)
        parts = dict(result.parts)
        return PuzzleVerifyResponse(
            **body.model_dump(), reward=result.value, reason=result.reason, reward_components=parts, **parts
        )


def _response_text(response: NeMoGymResponse) -> str:
    thoughts = [part.text for item in response.output if item.type == "reasoning" for part in item.summary]
    return whole_response(response.output_text, "\n".join(thoughts))

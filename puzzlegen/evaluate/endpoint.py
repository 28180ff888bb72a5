"""A model behind an endpoint that speaks OpenAI's chat completions: vLLM, SGLang or a hosted service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, Self

from puzzlegen.chat import Message, openai_messages, whole_response
from puzzlegen.errors import PuzzlegenError
from puzzlegen.evaluate import Failed, Reply

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

_UNAUTHORIZED: Final = 401
#: HTTP statuses that every other question would get, too: the key, the address or the model's name is wrong.
_FATAL_STATUSES: Final = (_UNAUTHORIZED, 403, 404)


class Sampling(NamedTuple):
    """Which model to ask and how to sample it; None leaves a setting to the model's own default.

    Attributes:
        model: the model's name, or the folder that holds it.
        temperature: sampling temperature; 0 always takes the likeliest token.
        max_tokens: maximum length of a response in tokens; None leaves the limit to the endpoint.
        seed: seed of the first sample; each further sample has the next seed.
        extra: more fields of the request, such as ``{"top_p": 0.9}``.
    """

    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    extra: dict[str, Any] | None = None


class Endpoint:
    """A model that is asked over HTTP.

    Questions are retried after 408, 409, 429, 5xx, timeouts and lost connections, with growing pauses.

    Args:
        sampling: the model, and how it is sampled.
        base_url: URL up to and including ``/v1``.
        key: API key, sent as a bearer token.
        retries: how often a question is retried.
        timeout_s: time limit of one attempt in seconds.
    """

    def __init__(
        self, sampling: Sampling, base_url: str, key: str, *, retries: int = 8, timeout_s: float = 600.0
    ) -> None:
        self._sampling, self._base_url, self._key = sampling, base_url, key
        self._retries, self._timeout_s = retries, timeout_s
        self._openai = _import_openai()
        self._client: AsyncOpenAI

    async def __aenter__(self) -> Self:
        self._client = self._openai.AsyncOpenAI(
            base_url=self._base_url, api_key=self._key, max_retries=self._retries, timeout=self._timeout_s
        )
        try:
            await self._check()
        except BaseException:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def _check(self) -> None:
        """Fail at once, not after all retries of all questions, if nothing answers or the key is wrong."""
        try:
            await self._client.with_options(max_retries=2).models.list()
        except self._openai.APIConnectionError as err:
            raise PuzzlegenError(f"nothing answers at '{self._base_url}': {_describe_error(err)}") from err
        except self._openai.APIStatusError as err:
            if err.status_code == _UNAUTHORIZED:
                self._raise_refusal(err)
        except ValueError:
            pass  # Not every endpoint lists its models, and some answer with a web page.

    async def ask(self, chat: list[Message], sample: int) -> Reply:
        """Return the model's response; see :class:`puzzlegen.evaluate.Model`."""
        try:
            completion: ChatCompletion = await self._client.chat.completions.create(**self._request(chat, sample))
        except self._openai.APIStatusError as err:
            self._raise_refusal(err)
        except self._openai.APIConnectionError as err:
            raise Failed(_describe_error(err)) from err
        except (self._openai.APIError, ValueError) as err:
            raise Failed(f"the response is none: {err!r:.200}") from err
        return _reply_from(completion)

    def _request(self, chat: list[Message], sample: int) -> dict[str, Any]:
        settings = self._sampling
        seed = None if settings.seed is None else settings.seed + sample
        options = {"temperature": settings.temperature, "max_tokens": settings.max_tokens, "seed": seed}
        given_options = {key: value for key, value in options.items() if value is not None}
        return {
            "model": settings.model,
            "messages": openai_messages(chat),
            **given_options,
            "extra_body": settings.extra,
        }

    def _raise_refusal(self, err: APIStatusError) -> NoReturn:
        status_text = f"HTTP {err.status_code}: {err.message:.300}"
        token_limit = self._sampling.max_tokens
        # The parameters' names alone prove nothing: vLLM names both when a single question is too long.
        if token_limit is not None and "'max_completion_tokens' instead" in err.message:
            advice = f"--max-tokens 0 --extra '{{\"max_completion_tokens\": {token_limit}}}'"
            raise PuzzlegenError(f"{self._base_url} takes no max_tokens ({status_text}); give {advice}") from err
        if err.status_code in _FATAL_STATUSES:
            raise PuzzlegenError(f"{self._base_url} refuses the model '{self._sampling.model}': {status_text}") from err
        raise Failed(status_text) from err


def _import_openai() -> Any:  # noqa: ANN401 - a module
    try:
        import openai  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PuzzlegenError('asking an endpoint needs openai: pip install "puzzlegen[evaluate]"') from err
    return openai


def _describe_error(err: Exception) -> str:
    return f"{err} ({err.__cause__!r:.200})" if err.__cause__ else str(err)


def _reply_from(completion: ChatCompletion) -> Reply:
    choices = getattr(completion, "choices", None)
    message = choices[0].message if choices else None
    if not choices or message is None:
        raise Failed("the response has no message")
    # Servers that separate the reasoning from the answer use one of these two names for its field.
    fields = message.model_dump(warnings=False)  # the content may be a list, see _message_text
    reasoning = fields.get("reasoning_content") or fields.get("reasoning")
    text = whole_response(_message_text(fields.get("content")), reasoning)
    return Reply(text, str(choices[0].finish_reason or "stop"))


def _message_text(content: object) -> str:
    """The text of a message, which some servers send as blocks ``{"type": "text", "text": ...}``."""
    blocks = content if isinstance(content, list) else [{"type": "text", "text": "" if content is None else content}]
    texts = [block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None for block in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise Failed(f"the content must be a text or a list of text blocks, got {content!r:.200}")
    return "".join(map(str, texts))

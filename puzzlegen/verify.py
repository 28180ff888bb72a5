r"""Scores a response against a ground truth, for text written by a policy that is paid to fool it.

Standard library only, one file: trainers load it by path, without the package and without registering it.
Time is linear in the response: 1 MB of hostile text takes milliseconds.

How a response is read, the same for every kind of answer:

1. *Reasoning does not count.* Everything up to the last ``</think>`` is dropped, with or without its
   ``<think>`` (chat templates put that into the prompt). After a ``<think>`` never closed nothing counts.
2. *One answer is read, from one place*, named by ``params["format"]``: ``answer`` (the default) is
   ``<answer>...</answer>``, tags in any case; ``boxed`` is ``\boxed{...}``; ``json`` is one object, from the
   first ``{`` to the last ``}``, with one key ``answer``. None: ``no_answer``; free text is not searched.
   Two, even with the same answer, nested or unclosed ones, or over 4,000 characters: ``malformed``.
3. *Writing habits do not count*: case, spaces, Markdown bold and backticks, LaTeX wrappers, quotes around it,
   a full stop after it, digits and letters of other widths and scripts, invisible characters. Look-alikes do.
4. *The whole answer must be one answer.* What is left is read as a whole: two answers, hedges, an answer
   outside the allowed set, or an echo of the prompt's placeholder are ``malformed``.

A ground truth is one JSON object, as a string or a mapping: ``{"v": 1, "kind", "target", "params"}``. The
functions in :data:`KINDS` say what params a kind takes; each also takes ``format``, ``think`` (true: the form
asked for has one closed reasoning block before the answer) and ``also`` (further right targets). A wrong one
raises :class:`VerifierError`, never a silent 0.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq
from types import MappingProxyType
from typing import Any, NamedTuple

SPEC_VERSION = 1
MAX_ANSWER = 4_000  # characters; no kind has a longer answer, and some steps below cost more than linear time
MAX_JSON = 65_536  # characters of a whole JSON response

#: Every reason a score can have, and what it means.
REASONS: dict[str, str] = {
    "correct": "exactly one answer, and it is right",
    "wrong": "exactly one answer, and it is not right",
    "partial": "exactly one answer, and a part of it is right",
    "no_answer": "nothing stands where the answer was asked for, or only inside the reasoning",
    "malformed": "what stands there cannot be read as exactly one of the allowed answers",
}


class VerifierError(ValueError):
    """A ground truth is wrong: what was wrong, the value, what is allowed."""


class Score(NamedTuple):
    """What a response earns.

    Attributes:
        value: 0 to 1, accuracy alone: a good form never pays for a wrong answer.
        reason: a key of :data:`REASONS`.
        answer: what was read, in the target's form; None if nothing could be.
        parts: accuracy, format (1 for the asked shape), transform and length (0 where a kind has none).
    """

    value: float
    reason: str
    answer: object = None
    parts: Mapping[str, float] = MappingProxyType({})


class Kind(NamedTuple):
    """One kind of answer, its parameters bound.

    Attributes:
        right: turns a target of the ground truth into the form that ``read`` gives; raises VerifierError.
        read: turns tidy text into an answer; None if it is not exactly one. Never raises.
        grade: 0 to 1 for an answer and a right one.
    """

    right: Callable[[Any], Any]
    read: Callable[[str], Any]
    grade: Callable[[Any, Any], float]


class _Spec(NamedTuple):
    kind: Kind
    rights: tuple[Any, ...]
    place: Callable[[str], tuple[str, str]]
    think: bool


def score(response: object, ground_truth: str | Mapping[str, Any]) -> Score:
    """Score one response.

    Args:
        response: text, UTF-8 bytes or chat messages (the assistant's last counts). No response raises.
        ground_truth: the puzzle's ``ground_truth``.

    Raises:
        VerifierError: the ground truth is wrong.
    """
    spec = _spec(ground_truth if isinstance(ground_truth, str) else _canonical(ground_truth))
    low = _lower(text := _text(response))
    start, end = _outside_reasoning(low)
    found, fault = spec.place(text[start:end])
    answer = None if fault or len(found) > MAX_ANSWER else spec.kind.read(_tidy(found))
    if answer is None:
        return Score(0.0, fault or "malformed", None, _parts(0.0, 0.0))
    value = float(max(spec.kind.grade(answer, right) for right in spec.rights))
    reason = "correct" if value >= 1.0 else "partial" if value > 0.0 else "wrong"
    in_form = end == len(low) and (not spec.think or _reasoned_once(low))
    return Score(value, reason, answer, _parts(value, float(in_form)))


def reward(response: object, ground_truth: str | Mapping[str, Any]) -> dict[str, float]:
    """Score one response as plain floats under the same keys for every kind, as verl's metric arrays need."""
    result = score(response, ground_truth)
    return {"score": result.value, **result.parts}


def _parts(accuracy: float, form: float) -> dict[str, float]:
    return {"accuracy": accuracy, "format": form, "transform": 0.0, "length": 0.0}


def _text(response: object) -> str:
    """The text the policy wrote last."""
    if isinstance(response, str):
        return response
    if isinstance(response, (bytes, bytearray)):
        return response.decode("utf-8", "replace")
    messages = response if isinstance(response, (list, tuple)) else [response]
    for message in reversed(messages):
        if isinstance(message, dict) and str(message.get("role", "assistant")) == "assistant":
            return _content(message.get("content"))
    return ""


def _content(content: object) -> str:
    """The text of a message, given as a string or as blocks ``{"type": "text", "text": ...}``."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, (list, tuple)) else []
    texts = [block.get("text") if isinstance(block, dict) else block for block in blocks]
    return "".join(text for text in texts if isinstance(text, str))


def _lower(text: str) -> str:
    """The text in lower case, every character in its place (one letter's lower case is two characters)."""
    return text.replace("\u0130", "i").lower()


def _outside_reasoning(low: str) -> tuple[int, int]:
    """Start and end of what counts."""
    closed = low.rfind("</think>")
    start = closed + len("</think>") if closed >= 0 else 0
    unclosed = low.find("<think>", start)
    return start, unclosed if unclosed >= 0 else len(low)


def _reasoned_once(low: str) -> bool:
    """One reasoning block, closed, at the beginning; its opening tag may stand in the prompt."""
    return low.count("</think>") == 1 and low.count("<think>") == low.lstrip().startswith("<think>")


def _in_tags(text: str) -> tuple[str, str]:
    """The answer between the tags, or why there is none."""
    low = _lower(text)
    opened, closed = low.count("<answer>"), low.count("</answer>")
    if not opened and not closed:
        return "", "no_answer"
    if opened != 1 or closed != 1:
        return "", "malformed"
    return text[low.find("<answer>") + len("<answer>") : low.find("</answer>")], ""


def _in_box(text: str) -> tuple[str, str]:
    r"""The answer in ``\boxed{}``, its braces matched, or why there is none."""
    count = text.count("\\boxed")
    if count != 1:
        return "", "malformed" if count else "no_answer"
    start = text.find("\\boxed") + len("\\boxed")
    window = text[start : start + MAX_ANSWER + 2].lstrip()
    depth = 0
    for brace in _BRACE.finditer(window) if window.startswith("{") else ():
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return window[1 : brace.start()], ""
    return "", "malformed"


def _in_json(text: str) -> tuple[str, str]:
    """The answer of the one JSON object, or why there is none."""
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0:
        return "", "no_answer"
    try:
        # Numbers stay text: int() of many digits is slow or raises. Pairs, because a key may come twice.
        pairs = _JSON.decode(text[start:end] if end - start <= MAX_JSON else "")
    except (ValueError, RecursionError):
        return "", "malformed"
    values = [value for key, value in pairs if key.lower() == "answer"]
    if len(values) != 1:
        return "", "malformed" if values else "no_answer"
    parts = values[0] if isinstance(values[0], list) else values
    return (", ".join(parts), "") if _are_texts(parts) else ("", "malformed")


_JSON = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str)
_BRACE = re.compile(r"[{}]")
_PLACES = {"answer": _in_tags, "boxed": _in_box, "json": _in_json}
_EDGES = " \"'_"
_MARKUP = re.compile(r"[\\{}$*`]")
_ARROW = re.compile(r"\\(?:rightarrow|to)(?![a-zA-Z])")
_DEGREE = re.compile(r"(?:\^[\s{]*)?\\(?:circ|degree)(?![a-zA-Z])")
_NOISE = re.compile(
    r"\\(?:(?:text(?:bf|it|rm|tt)?|math(?:rm|bf|it|sf)|mbox|boxed|operatorname|left|right)(?![a-zA-Z])"
    r"|[()\[\]{},;:! ])|[{}$*`]"
)
_DEGREES_LOOKALIKES = str.maketrans(dict.fromkeys("⁰º˚", "°"))  # NFKC makes them 0, o and a combining ring
_PUNCTUATION = str.maketrans(
    "‐‒–—―−‘’“”«»،、٬。٫",  # noqa: RUF001 - the point is that they look alike
    '------"""""",,,..',
    "\ufe0e\ufe0f",
)


def _tidy(text: str) -> str:
    """The answer without writing habits: marks become spaces, so that they never join what they separate."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", text.translate(_DEGREES_LOOKALIKES)).translate(_PUNCTUATION)
        text = "".join(map(_plain, folded))
    if _MARKUP.search(text):
        text = _NOISE.sub(" ", _DEGREE.sub("°", _ARROW.sub("→", text.replace("\\%", "%"))))
    return " ".join(text.split()).lstrip(_EDGES).rstrip(_EDGES + ".")


def _plain(char: str) -> str:
    """ASCII digits for those of other scripts, nothing for invisible characters."""
    if char.isascii():
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return "" if unicodedata.category(char) == "Cf" else char


def _squash(text: str) -> str:
    """A text's key: tidy, in one case, without spaces."""
    return "".join(_tidy(text).casefold().split())


def _check(ok: bool, what: str, value: object, allowed: object) -> None:
    """Refuse a wrong ground truth."""
    if not ok:
        raise VerifierError(f"{what}: got {value!r:.200}, allowed: {allowed!s:.200}")


def _canonical(ground_truth: object) -> str:
    """Equal mappings give equal strings, which are parsed once."""
    _check(isinstance(ground_truth, Mapping), "wrong ground_truth", ground_truth, "a JSON string, a mapping")
    try:
        return json.dumps(dict(ground_truth), sort_keys=True)  # type: ignore[call-overload]
    except (TypeError, ValueError, RecursionError) as error:
        raise VerifierError(f"ground_truth is not JSON: {error}, allowed: a mapping of JSON values") from None


@lru_cache(maxsize=1024)
def _spec(ground_truth: str) -> _Spec:
    try:
        raw = json.loads(ground_truth)
    except (ValueError, RecursionError) as error:
        message = f"ground_truth is not JSON ({error}): got {ground_truth!r:.200}, allowed: one JSON object"
        raise VerifierError(message) from None
    ok = isinstance(raw, dict) and {"params", *raw} == {"v", "kind", "target", "params"}
    _check(ok, "wrong ground_truth", raw, "an object of v, kind, target, params")
    version, name = raw["v"], raw["kind"]
    _check(type(version) is int and version == SPEC_VERSION, "unknown version v", version, SPEC_VERSION)
    _check(isinstance(name, str) and name in KINDS, "unknown kind", name, ", ".join(KINDS))
    return _bound(name, raw["target"], raw.get("params", {}))


def _bound(name: str, target: object, params: Any) -> _Spec:  # noqa: ANN401 - JSON, checked here
    """The kind with its parameters, and everything every kind takes."""
    build, own = KINDS[name]
    known = ("also", "format", "think", *own)
    ok = isinstance(params, dict) and params.keys() <= set(known)
    _check(ok, f"wrong params of kind {name}", params, f"an object of {', '.join(known)}")
    place, think, also = params.get("format", "answer"), params.get("think", False), params.get("also", [])
    _check(isinstance(place, str) and place in _PLACES, "unknown format", place, ", ".join(_PLACES))
    _check(isinstance(think, bool), "wrong think", think, "true, false")
    _check(isinstance(also, list), "wrong also", also, "a list of targets")
    kind = build(params)
    return _Spec(kind, tuple(kind.right(value) for value in (target, *also)), _PLACES[place], think)


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _one_of(target: Any, known: list[str]) -> Any:  # noqa: ANN401 - JSON, checked here
    _check(target in known, "impossible target", target, ", ".join(known))
    return target


_LETTER = re.compile(r"[A-Za-z0-9]{1,3}")
_CHOICE = re.compile(
    r"(?:(?:option|choice|answer)[ :]{0,3})?[(\[]?([^\W_]{1,3})(?![^\W_]) ?(?:-(?= )|[)\].:,]{0,3}) ?(.*)"
)


def _choice(params: Mapping[str, Any]) -> Kind:
    """One of the lettered options: its letter, its text if no other option has it, or both if they agree.

    Params:
        options: letter to text, or a list of letters.
    """
    options = _options(params.get("options"))
    letters = {letter.casefold(): letter for letter in options}
    keys = {letter: _squash(text) for letter, text in options.items()}
    shared = list(keys.values())
    texts = {key: letter for letter, key in keys.items() if key and shared.count(key) == 1}

    def read(text: str) -> str | None:
        low = text.casefold()
        match = _CHOICE.fullmatch(low)
        letter = letters.get(match[1]) if match else None
        if match and letter and not match[2]:
            return letter
        agrees = match and letter and _squash(match[2]) == keys[letter]
        readings = {texts.get("".join(low.split())), letter if agrees else None} - {None}
        return readings.pop() if len(readings) == 1 else None

    return Kind(lambda target: _one_of(target, list(options)), read, eq)


def _options(raw: Any) -> dict[str, str]:  # noqa: ANN401 - JSON, checked here
    """Letter to text, checked."""
    options = dict.fromkeys(raw, "") if _are_texts(raw) else raw
    ok = isinstance(options, dict) and len(options) > 1 and _are_texts(list(options.values()))
    _check(ok, "wrong options", raw, "two or more letters, as a list or each with its text")
    _check(all(map(_LETTER.fullmatch, options)), "unreadable letter", raw, "one to three of A-Z, a-z, 0-9")
    ok = len({letter.casefold() for letter in options}) == len(raw)
    _check(ok, "an option's letter comes twice", raw, "letters that differ in more than case")
    return dict(options)


_LABEL_JOINTS = str.maketrans("", "", " -_")


def _label(params: Mapping[str, Any]) -> Kind:
    """One of a closed set of labels; case, spaces, hyphens and underscores do not matter.

    Params:
        labels: the set.
        aliases: optional, other word to label.
    """
    labels, aliases = params.get("labels", []), params.get("aliases", {})
    _check(bool(labels) and _are_texts(labels), "wrong labels", labels, "a list of texts")
    ok = isinstance(aliases, dict) and all(label in labels for label in aliases.values())
    _check(ok, "wrong aliases", aliases, f"other words for {labels}")
    table: dict[str, str] = {}
    for word, label in [*zip(labels, labels, strict=True), *aliases.items()]:
        key = _squash(word).translate(_LABEL_JOINTS)
        ok = bool(key) and table.setdefault(key, label) == label
        _check(ok, "a label is empty or reads like another", word, "words that differ in letters or digits")

    def read(text: str) -> str | None:
        return table.get(text.casefold().translate(_LABEL_JOINTS))

    return Kind(lambda target: _one_of(target, labels), read, eq)


_NUMBER = re.compile(r"([+-]?) ?(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})?(\.\d{1,15})? ?(\D*)", re.ASCII)
_UNITS = {"degrees": ("deg", "°"), "percent": ("per cent", "%"), "pixels": ("px",), "seconds": ("sec", "s")}
_LARGEST = 1e15  # exact as a float, and no NaN or infinity below it
_SLACK = 1e-9  # 0.4 is within 0.1 of 0.3, whatever binary fractions say


def _number(params: Mapping[str, Any]) -> Kind:
    """One number in digits, or in English words up to 999, alone or with its unit.

    Params:
        tolerance: how far off is still right, inclusive; default 0.
        modulo: optional, numbers this far apart are the same (360).
        allowed: optional, the only possible answers.
        unit: optional, may follow the number (see ``_UNITS``); words after its first one may be left out.
    """
    tolerance, modulo, allowed = params.get("tolerance", 0), params.get("modulo"), params.get("allowed")
    _check(_is_number(tolerance) and tolerance >= 0, "wrong tolerance", tolerance, "a number from 0")
    _check(modulo is None or (_is_number(modulo) and modulo > 0), "wrong modulo", modulo, "a number above 0")
    ok = allowed is None or (isinstance(allowed, list) and all(map(_is_number, allowed)))
    _check(ok, "wrong allowed", allowed, "a list of numbers")
    units = _unit_forms(params.get("unit", ""))

    def near(answer: float, right: float, within: float) -> bool:
        away = abs(answer - right)
        if modulo is not None:
            away = min(away % modulo, -away % modulo)
        return away <= within + _SLACK

    def possible(value: float) -> bool:
        return allowed is None or any(near(value, one, 0) for one in allowed)

    def right(target: Any) -> Any:  # noqa: ANN401 - any JSON value, until it is checked
        _check(_is_number(target) and possible(target), "impossible target", target, allowed or "a number")
        return target

    def read(text: str) -> float | None:
        value = _number_in(text.casefold(), units)
        return value if value is not None and possible(value) else None

    return Kind(right, read, lambda answer, target: near(answer, target, tolerance))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _unit_forms(unit: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON, checked here
    """What may follow the number, longest first, the empty text last."""
    _check(isinstance(unit, str), "wrong unit", unit, "a text")
    first, _, rest = " ".join(unit.casefold().split()).partition(" ")
    forms = {"", first, first.removesuffix("s"), *_UNITS.get(first, ())}
    if rest:
        forms |= {f"{form} {rest}".strip() for form in forms}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _number_in(low: str, units: tuple[str, ...]) -> float | None:
    """The number that is all of a text, whole numbers as int."""
    match = _NUMBER.fullmatch(low)
    if not match or not (match[2] or match[3]):
        return _spelled(next(low.removesuffix(unit) for unit in units if low.endswith(unit)))
    if match[4] not in units:
        return None
    sign = -1 if match[1] == "-" else 1
    whole, part = (match[2] or "0").replace(",", ""), match[3] or ""
    return sign * (float(whole + part) if part.strip(".0") else int(whole))


def _spelled(low: str) -> int | None:
    words = re.sub("^(?:minus|negative) ", "", low)
    value = _number_words().get(words.replace("-", "").replace(" ", ""))
    return value if value is None or words == low else -value


@lru_cache(maxsize=1)
def _number_words() -> dict[str, int]:
    """English words for 0 to 999, written without spaces."""
    small = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
    small += ["twelve", *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine"))]
    tens = [f"{stem}ty" for stem in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")]
    words = [*small, *(ten + one for ten in tens for one in ("", *small[1:10]))]
    table = {word: value for value, word in enumerate(words)}
    for hundreds, digit in enumerate(small[1:10], start=1):
        table[f"{digit}hundred"] = 100 * hundreds
        for value, word in enumerate(words[1:], start=1):
            table[f"{digit}hundred{word}"] = table[f"{digit}hundredand{word}"] = 100 * hundreds + value
    return table


_BRACKETED = re.compile(r"\[(.*)\]|\((.*)\)")
_SEPARATOR = re.compile(r" ?(?:->|=>|[,;|>→-]) ?")


def _permutation(params: Mapping[str, Any]) -> Kind:
    """An order of 1 to n, separated by commas, arrows, hyphens or spaces; up to n = 9 also run together.

    Params:
        n: how many.
    """
    n = params.get("n", 0)
    _check(isinstance(n, int) and n in range(2, 1000), "wrong n", n, "2 to 999")
    every = list(range(1, n + 1))
    numbers = {str(part): part for part in every}

    def right(target: Any) -> Any:  # noqa: ANN401 - any JSON value, until it is checked
        ok = isinstance(target, list) and all(type(part) is int for part in target)
        _check(ok and sorted(target) == every, "impossible target", target, f"each of 1 to {n} once")
        return target

    def read(text: str) -> list[int] | None:
        bracketed = _BRACKETED.fullmatch(text)
        inner = (bracketed[1] or bracketed[2] or "").strip() if bracketed else text
        parts = _SEPARATOR.sub(",", inner).split(",")
        if len(parts) == 1:
            parts = inner.split() if " " in inner else list(inner)
        order = [numbers.get(part, 0) for part in parts]
        return order if sorted(order) == every else None

    return Kind(right, read, eq)


#: Every kind: what binds its parameters, and their names.
KINDS: dict[str, tuple[Callable[[Mapping[str, Any]], Kind], tuple[str, ...]]] = {
    "choice": (_choice, ("options",)),
    "label": (_label, ("labels", "aliases")),
    "number": (_number, ("tolerance", "modulo", "allowed", "unit")),
    "permutation": (_permutation, ("n",)),
}

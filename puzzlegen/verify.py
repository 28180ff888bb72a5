r"""Score a response against a ground truth, where the response comes from a policy that is paid to fool the verifier.

This is one file that needs only the standard library: trainers load it by path, without installing or registering the
package. Time is linear in the length of the response: 1 MB of hostile text takes milliseconds.

Every kind of answer is read by the same four rules:

1. *Reasoning does not count.* Everything up to the last ``</think>`` is dropped, with or without an opening
   ``<think>`` (chat templates put the opening tag into the prompt). Nothing counts after an unclosed ``<think>``.
2. *One answer is read, from one place*, which ``params["format"]`` names: ``answer`` (the default) is
   ``<answer>...</answer>``, tags in any case; ``boxed`` is ``\boxed{...}``; ``json`` is one object, from the first
   ``{`` to the last ``}``, with one key ``answer``, whose list or object is read as if it stood in tags. If
   nothing stands there, the reason is ``no_answer``: free text is not searched. It is ``malformed`` if there are two
   answers, even equal ones, if the answer is nested or unclosed, or if it is longer than 4,000 characters.
3. *Writing habits do not count*: case, spaces, Markdown bold, backticks and bullets, LaTeX wrappers, quotes around the
   answer, ``Answer:`` or ``The answer is`` before it, a full stop, comma or semicolon after it, digits and letters of
   other widths and scripts, invisible characters. Letters of other alphabets that only look alike do count.
4. *The whole answer must be one answer.* What is left is read as a whole: two answers, hedges, an answer outside the
   allowed set, or an echo of the prompt's placeholder are ``malformed``.

A wrong answer earns nothing, unless its kind has a metric and the ground truth sets ``gamma``. The answer then earns
partial credit for the part of its metric above what answering without looking earns, see ``_credited``.

A ground truth is one JSON object, given as a string or a mapping: ``{"v": 1, "kind", "target", "params"}``. The
functions in :data:`KINDS` document the params of each kind. Every kind also takes ``format``, ``think`` (true: the
requested form has exactly one closed reasoning block before the answer) and ``also`` (a list of further right
targets). The kind ``composite`` joins two other ground truths, see ``_joint``. A ground truth that is wrong raises
:class:`VerifierError`; it never gives a silent 0.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import combinations, pairwise
from math import ceil, factorial, hypot
from operator import eq
from types import MappingProxyType
from typing import Any, NamedTuple

SPEC_VERSION = 1
MAX_ANSWER = 4_000  # characters; no kind needs more, and some steps below take more than linear time
MAX_JSON = 65_536  # characters of a JSON object that holds an answer
_Place = Callable[[str], tuple[str, str, str]]  # finds the answer, the reason why there is none, and the text around it

#: Every reason a score can have, and what it means.
REASONS: dict[str, str] = {
    "correct": "exactly one answer, and it is right",
    "wrong": "exactly one answer, and it is not right",
    "partial": "exactly one answer, and a part of it is right",
    "no_answer": "nothing stands where the answer was asked for, or only inside the reasoning",
    "malformed": "what stands there cannot be read as exactly one of the allowed answers",
}


class VerifierError(ValueError):
    """A ground truth is wrong; the message says what is wrong, the value, and what is allowed."""


class Score(NamedTuple):
    """What a response earns.

    Attributes:
        value: 0 to 1, the accuracy alone: a correct form never pays for a wrong answer. For composites, the weighted
            mean of the parts. Negative only if the ground truth is ``signed``.
        reason: a key of :data:`REASONS`.
        answer: the answer that was read, in the target's form; None if none could be read.
        parts: accuracy, format (1 if the response has exactly the requested form: only reasoning and whitespace stand
            around the answer), transform and length (both 0 for every kind but ``composite``).
    """

    value: float
    reason: str
    answer: object = None
    parts: Mapping[str, float] = MappingProxyType({})


class Kind(NamedTuple):
    """One kind of answer with its parameters bound.

    Attributes:
        right: turns a target of the ground truth into the form that ``grade`` takes; raises VerifierError.
        read: turns tidied text into an answer; None if the text is not exactly one answer. Never raises.
        grade: the score, at most 1, of an answer against a right one; if ``signed``, also of None: no answer was read.
    """

    right: Callable[[Any], Any]
    read: Callable[[str], Any]
    grade: Callable[[Any, Any], float]


class _Spec(NamedTuple):
    """A parsed ground truth: kind, right answers, where the answer stands, and whether reasoning is asked for."""

    kind: Kind
    rights: tuple[Any, ...]
    place: _Place
    think: bool
    signed: bool

    def grade(self, answer: Any) -> float:  # noqa: ANN401 - what the kind reads
        """Return the score of an answer against the right answer that suits it best."""
        return float(max(self.kind.grade(answer, right) for right in self.rights))


class _Joint(NamedTuple):
    """A parsed composite: two specs, the weight of each part of the score, and the range of words that earns length."""

    answer: _Spec
    transform: _Spec
    weights: Mapping[str, float]
    words: tuple[int, int]
    place: _Place
    think: bool


def score(response: object, ground_truth: str | Mapping[str, Any]) -> Score:
    """Score one response.

    Args:
        response: text, UTF-8 bytes or chat messages, of which the assistant's last one is scored. No response raises.
        ground_truth: the puzzle's ``ground_truth``.

    Raises:
        VerifierError: the ground truth is wrong.
    """
    spec = _parsed(_canonical(ground_truth))
    low = _lower(text := _text(response))
    start, end = _outside_reasoning(low)
    # One closed reasoning block begins the response; its opening tag may stand in the prompt.
    reasoned = low.count("</think>") == 1 and low.count("<think>") == low.lstrip().startswith("<think>")
    in_form = end == len(low) and (reasoned or not spec.think)
    if isinstance(spec, _Joint):
        return _score_joint(spec, text, text[start:end], in_form)
    found, fault, around = spec.place(text[start:end])
    answer, value, fault = _graded(spec, found, fault)
    in_form = in_form and not fault and not around.strip()
    return Score(value, fault or _READ[(value > 0) + (value >= 1)], answer, _parts(value, in_form))


def solved(result: Score) -> bool:
    """Whether a response scores what a stored solution must: 1 or, in a composite, 1 in each part but the length."""
    parts = result.parts
    return result.value == 1 or min(parts["accuracy"], parts["transform"], parts["format"]) == 1


def reward(response: object, ground_truth: str | Mapping[str, Any]) -> dict[str, float]:
    """Score one response as plain floats under the same keys for every kind, as verl's metric arrays require."""
    result = score(response, ground_truth)
    return {"score": result.value, **result.parts}


def grader(ground_truth: str | Mapping[str, Any]) -> Callable[[Any], float]:
    """Return a function that scores an answer given in the target's form instead of as text."""
    spec = _parsed(_canonical(ground_truth))
    if isinstance(spec, _Joint):
        raise VerifierError(f"a composite has no answer of its own, allowed: {', '.join(KINDS)}")
    return spec.grade


def _graded(spec: _Spec, found: str, fault: str) -> tuple[Any, float, str]:
    """Return the answer read from the found text, its score, and, if there is no answer, the reason why."""
    answer = None if fault or len(found) > MAX_ANSWER else spec.kind.read(_tidy(found))
    value = 0.0 if answer is None and not spec.signed else spec.grade(answer)
    return answer, value, (fault or "malformed") if answer is None else ""


def _parts(accuracy: float, form: bool, transform: float = 0.0, length: bool = False) -> dict[str, float]:
    return {"accuracy": accuracy, "format": float(form), "transform": transform, "length": float(length)}


def _score_joint(spec: _Joint, text: str, visible: str, in_form: bool) -> Score:
    """Score a composite response: the change to the medium in ``<transform>`` tags, then the question's answer."""
    done, earned, no_transform = _graded(spec.transform, *_in_tags(visible, "transform")[:2])
    found, fault, around = spec.place(visible)
    answer, value, no_answer = _graded(spec.answer, found, "malformed" if "transform>" in _lower(found) else fault)
    fewest, most = spec.words
    length = value > LEAST_ACCURACY and fewest <= len(text.split(None, most + 1)) <= most
    reason = no_answer or no_transform or _READ[(max(value, earned) > 0) + (min(value, earned) >= 1)]
    in_turn = _lower(visible).lstrip().startswith("<transform>") and not _in_tags(around, "transform")[2].strip()
    parts = _parts(value, in_form and reason in _READ and in_turn, earned, length)
    weighted = sum(weight * parts[_PART[name]] for name, weight in spec.weights.items())
    return Score(weighted / sum(spec.weights.values()), reason, {"answer": answer, "transform": done}, parts)


def _text(response: object) -> str:
    """Return the text that the policy wrote last."""
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
    """Return the text of a message, given as a string or as blocks ``{"type": "text", "text": ...}``."""
    blocks = content if isinstance(content, (list, tuple)) else [content]
    texts = [block.get("text") if isinstance(block, dict) else block for block in blocks]
    return "".join(text for text in texts if isinstance(text, str))


def _lower(text: str) -> str:
    """Return the text in lower case and of the same length: the lower case of U+0130 would be two characters."""
    return text.replace("\u0130", "i").lower()


def _outside_reasoning(low: str) -> tuple[int, int]:
    """Return the start and end of the part of a response that lies outside its reasoning."""
    closed = low.rfind("</think>")
    start = closed + len("</think>") if closed >= 0 else 0
    unclosed = low.find("<think>", start)
    return start, unclosed if unclosed >= 0 else len(low)


def _in_tags(text: str, tag: str = "answer") -> tuple[str, str, str]:
    """Find the text between the tags."""
    low, opening, closing = _lower(text), f"<{tag}>", f"</{tag}>"
    counts = low.count(opening), low.count(closing)
    if counts != (1, 1):
        return "", "malformed" if any(counts) else "no_answer", text
    start, end = low.find(opening), low.find(closing)
    return text[start + len(opening) : end], "", text[:start] + text[end + len(closing) :]


def _in_box(text: str) -> tuple[str, str, str]:
    r"""Find the text in ``\boxed{}``, up to its matching brace."""
    before, *boxes = text.split("\\boxed", 2)
    after, depth = boxes[0].lstrip() if len(boxes) == 1 else "", 0
    for brace in _BRACE.finditer(after[: MAX_ANSWER + 2]) if after.startswith("{") else ():
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return after[1 : brace.start()], "", before + after[brace.end() :]
    return "", "malformed" if boxes else "no_answer", text


def _in_json(text: str) -> tuple[str, str, str]:
    """Find the answer in the one JSON object."""
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0:
        return "", "no_answer", text
    try:
        # Numbers stay text, because int() of many digits is slow or raises. Pairs instead of a dict show repeated keys.
        pairs = _JSON.decode(text[start:end] if end - start <= MAX_JSON else "")
        values = [_listed(value) for key, value in pairs if key.lower() == "answer"]
    except (ValueError, RecursionError):
        return "", "malformed", text
    if len(values) != 1:
        return "", "malformed" if values else "no_answer", text
    return values[0], "", text[:start] + text[end:]


def _listed(value: object, inner: bool = False) -> str:
    """Return a JSON text, list or object as it is written in a tag; ValueError for ``true``, one list in a list ..."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and [*map(type, value)] != [list]:
        text = ", ".join(_listed(part, inner=True) for part in value)
        return f"[{text}]" if inner else text
    if isinstance(value, tuple) and "answer" not in {key.lower() for key, _ in value}:
        return ", ".join(f"{key}: {_listed(part, inner=True)}" for key, part in value)
    raise ValueError("not an answer")


_READ = ("wrong", "partial", "correct")
_PART = {"answer": "accuracy", "transform": "transform", "format": "format", "length": "length"}
#: Default weights, ViSS-R1's but for length: its 0.2 there would leave a short right response below 1.
WEIGHTS = {"answer": 1.0, "transform": 0.5, "format": 1.0, "length": 0.0}
LEAST_ACCURACY = 0.1  # the part for length is earned only above this accuracy
_JSON = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str)
_BRACE = re.compile(r"[{}]")
_PLACES = {"answer": _in_tags, "boxed": _in_box, "json": _in_json}
_EDGES = " \"'_"
_MARKUP = re.compile(r"[\\{}$*`]")
_ARROW = re.compile(r"\\(?:rightarrow|to)(?![a-zA-Z])")
_DEGREE = re.compile(r"(?:\^[\s{]*)?\\(?:circ|degree)(?![a-zA-Z])")
_NOISE = re.compile(
    r"\\(?:(?:text(?:bf|it|rm|tt|sf|normal)?|math(?:rm|bf|it|sf)|mbox|boxed|operatorname|underline|left|right)(?![a-zA-Z])"
    r"|[()\[\]{},;:! ])|[{}$*`]"
)
_DEGREES_LOOKALIKES = str.maketrans(dict.fromkeys("⁰º˚", "°"))  # NFKC would turn them into 0, o and a combining ring
_PUNCTUATION = str.maketrans(
    "‐‒–—―−‘’“”«»،、٬。٫〜【】〖〗「」『』",  # noqa: RUF001 - the point is that they look alike
    '------"""""",,,..~        ',
    "\ufe0e\ufe0f",
)
_BULLETS = ("- ", "* ", "• ")
_LEAD = re.compile(r"(?:the )?(?:final |correct )?answer(?: is\b| ?:)[ :\"'_]*", re.IGNORECASE)


def _tidy(text: str) -> str:
    """Return the answer without writing habits. Markup becomes spaces, so that the words it separates do not join."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", text.translate(_DEGREES_LOOKALIKES)).translate(_PUNCTUATION)
        text = "".join(map(_plain, folded if len(folded) <= MAX_ANSWER else ""))
    if "\n" in text:
        text = _unlisted(text.strip().removeprefix("```json\n"))
    if _MARKUP.search(text):
        text = _NOISE.sub(" ", _DEGREE.sub("°", _ARROW.sub("→", text.replace("\\%", "%"))))
    text = " ".join(text.split()).lstrip(_EDGES + "•")
    if "answer" in text.lower() and (lead := _LEAD.match(text)):
        text = text[lead.end() :]
    # Dots are stripped last: "A, B, ..." becomes "A, B,", whose comma keeps it from being read as "A, B".
    return text.rstrip(_EDGES + ",;").rstrip(_EDGES + ".")


def _unlisted(text: str) -> str:
    """Return a bulleted list as one row. A single line stays as it is, because its dash may be a minus."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if lines[1:] and all(line.startswith(_BULLETS) for line in lines):
        return ", ".join(line[2:].rstrip(" ,;") for line in lines)
    return text


def _plain(char: str) -> str:
    """Return the ASCII digit for a digit of any script, nothing for an invisible character, else the character."""
    if char.isascii():
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return "" if unicodedata.category(char) == "Cf" else char


def _squash(text: str) -> str:
    """Return the key under which a text is looked up: tidied, case-folded and without spaces."""
    return "".join(_tidy(text).casefold().split())


def _check(ok: bool, what: str, value: object, allowed: object) -> None:
    """Raise VerifierError unless ``ok``."""
    if not ok:
        raise VerifierError(f"{what}: got {value!r:.200}, allowed: {allowed!s:.200}")


def _canonical(ground_truth: object) -> str:
    """Return a ground truth as a string, the same for equal mappings, so that each is parsed only once."""
    if isinstance(ground_truth, str):
        return ground_truth
    _check(isinstance(ground_truth, Mapping), "wrong ground_truth", ground_truth, "a JSON string, a mapping")
    try:
        return json.dumps(dict(ground_truth), sort_keys=True)  # type: ignore[call-overload]
    except (TypeError, ValueError, RecursionError) as error:
        raise VerifierError(f"ground_truth is not JSON: {error}, allowed: a mapping of JSON values") from None


@lru_cache(maxsize=1024)
def _parsed(ground_truth: str) -> _Spec | _Joint:
    """Parse a ground truth; equal texts are parsed only once."""
    try:
        raw = json.loads(ground_truth)
    except (ValueError, RecursionError) as error:
        message = f"ground_truth is not JSON ({error}): got {ground_truth!r:.200}, allowed: one JSON object"
        raise VerifierError(message) from None
    return _joint(raw) if isinstance(raw, dict) and raw.get("kind") == "composite" else _single(raw)


def _known(raw: Any, kinds: Iterable[str]) -> tuple[str, Any, Any]:  # noqa: ANN401 - JSON, checked here
    """Return the kind, target and params of a ground truth, checked."""
    ok = isinstance(raw, dict) and {"params", *raw} == {"v", "kind", "target", "params"}
    _check(ok, "wrong ground_truth", raw, "an object of v, kind, target, params")
    version, name = raw["v"], raw["kind"]
    _check(type(version) is int and version == SPEC_VERSION, "unknown version v", version, SPEC_VERSION)
    _check(isinstance(name, str) and name in kinds, "unknown kind", name, ", ".join([*KINDS, "composite"]))
    return name, raw["target"], raw.get("params", {})


def _form(name: str, params: Any, own: Iterable[str]) -> tuple[_Place, bool]:  # noqa: ANN401
    """Return the two settings that every kind has: where the answer stands, and whether reasoning is asked for."""
    known = ("format", "think", *own)
    ok = isinstance(params, dict) and params.keys() <= set(known)
    _check(ok, f"wrong params of kind {name}", params, f"an object of {', '.join(known)}")
    think = params.get("think", False)
    _check(isinstance(think, bool), "wrong think", think, "true, false")
    return _PLACES[_chosen(params, "format", _PLACES)], think


def _single(raw: object) -> _Spec:
    """Parse a ground truth of any kind but ``composite``."""
    name, target, params = _known(raw, KINDS)
    build, own = KINDS[name]
    place, think = _form(name, params, ("also", *own))
    also = params.get("also", [])
    _check(isinstance(also, list), "wrong also", also, "a list of targets")
    kind = build(params)
    return _Spec(kind, tuple(kind.right(value) for value in (target, *also)), place, think, params.get("signed", False))


def _joint(raw: object) -> _Joint:
    """Parse a composite: a question about a medium that was changed.

    The target holds two ground truths: ``answer`` for the question and ``transform`` for the change. The response names
    the change in ``<transform>`` tags, then gives the answer. The score is the weighted mean of its parts, so that a
    correct form pays a wrong answer no more than the weight of the form.

    Params:
        weights: of answer, transform, format and length; a part that is left out weighs 0; default :data:`WEIGHTS`.
        words: fewest and most words of a response that earns the part for length, which it does only with an accuracy
            above 0.1; default 320 and 768. Words stand in for tokens, which need a tokenizer to be counted.
    """
    name, target, params = _known(raw, ["composite"])
    place, think = _form(name, params, ("weights", "words"))
    ok = isinstance(target, dict) and target.keys() == {"answer", "transform"}
    _check(ok, "impossible target", target, "an object of answer and transform, a ground truth each")
    weights, words = params.get("weights", WEIGHTS), params.get("words", [320, 768])
    ok = isinstance(weights, dict) and weights.keys() <= _PART.keys() and all(map(_is_number, weights.values()))
    ok = ok and all(weight >= 0 for weight in weights.values()) and weights.get("answer", 0) > 0
    _check(ok, "wrong weights", weights, f"{', '.join(_PART)}, each a number from 0, answer above 0")
    _check(_are_ints(words, 2) and 0 <= words[0] <= words[1], "wrong words", words, "the fewest and the most")
    parts = [_single(target[part]) for part in ("answer", "transform")]
    return _Joint(parts[0], parts[1], weights, (words[0], words[1]), place, think)


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _are_ints(values: object, n: int | None = None) -> bool:
    return isinstance(values, list) and n in {None, len(values)} and all(type(value) is int for value in values)


def _chosen(params: Mapping[str, Any], name: str, known: Iterable[str]) -> str:
    """Return a parameter that must be one of the known names; the first is the default."""
    known = list(known)
    value = params.get(name, known[0])
    _check(isinstance(value, str) and value in known, f"wrong {name}", value, ", ".join(known))
    return str(value)


_BRACKETED = re.compile(r"\[(.*)\]|\((.*)\)")


def _unbracketed(text: str) -> str:
    """Return the text without the one pair of brackets around it, if there is one."""
    match = _BRACKETED.fullmatch(text)
    return (match[1] or match[2] or "").strip().rstrip(" ,;") if match else text


def _target(possible: Callable[[Any], bool], allowed: str) -> Callable[[Any], Any]:
    """Return a function that passes on a possible target and raises VerifierError for any other."""

    def right(target: object) -> object:
        _check(possible(target), "impossible target", target, allowed)
        return target

    return right


_LETTER = re.compile(r"[A-Za-z0-9]{1,3}")
#: Words that prompts put before a letter or number: "picture 3".
_THING = r"(?:candidate|image|picture|crop|piece|ring|place|node|clip|video|frame|tile)"
_CHOICE = re.compile(
    rf"(?:- (?=[^\W\d]))?((?:option|choice|answer|{_THING}\b)[ :]{{0,3}})?"
    r"[(\[]?([^\W_]{1,3})(?![^\W_]) ?(?:-(?= )|[)\].:,]{0,3}) ?(.*)"
)
_HYPHEN = re.compile(r"(?<=[^\W\d_]) ?[-_] ?(?=[^\W\d_])")  # only between letters: before a digit, a hyphen is a minus
_ANGLE = re.compile(r"(?<=\d) ?(?:°|deg(?:rees?)?)(?! ?\d)")
_SPACE = re.compile(r" (?:(?!\d)|(?<!\d ))")  # any space but one between two digits


def _choice(params: Mapping[str, Any]) -> Kind:
    """One of the lettered options: its letter, its text if no other option has the same text, or both if they agree.

    Params:
        options: letter to text, or a list of letters.
    """
    options = _options(params.get("options"))
    letters = {letter.casefold(): letter for letter in options}
    written = {letter: _tidy(text).casefold() for letter, text in options.items()}
    # Hyphens, units and how a number is written are ignored, unless some options differ in nothing else.
    key, keys = _loosely_joined, {letter: _loosely_joined(text) for letter, text in written.items()}
    if len({*keys.values()}) < len({*written.values()}):
        key, keys = _squash, {letter: _squash(text) for letter, text in written.items()}
    shared = list(keys.values())
    texts = {key: letter for letter, key in keys.items() if key and shared.count(key) == 1}

    def read(text: str) -> str | None:
        low = text.casefold()
        thing, name, rest = match.groups() if (match := _CHOICE.fullmatch(low)) else (None, "", "")
        letter = letters.get(name)
        if letter and not thing and not rest:
            return letter
        if letter and rest:
            agrees = keys[letter] == key(_tidy(rest)) or keys[letter] == key(_tidy(_unbracketed(rest)))
            letter = letter if agrees else None
        readings = {texts.get(key(low)), letter} - {None}
        return readings.pop() if len(readings) == 1 else None

    return Kind(_target(lambda target: target in [*options], ", ".join(options)), read, eq)


def _loosely_joined(text: str) -> str:
    """Return a text without spaces, hyphens between words, and units of angles; a number in its shortest form."""
    if (value := _number_in(text, _DEGREES)) is not None:
        return str(value)
    if "-" in text or "_" in text:
        text = _HYPHEN.sub("", text)
    if "°" in text or "deg" in text:
        text = _ANGLE.sub("", text)
    return _SPACE.sub("", text)


def _options(raw: Any) -> dict[str, str]:  # noqa: ANN401 - JSON, checked here
    """Return the options as letter to text, checked."""
    options = dict.fromkeys(raw, "") if _are_texts(raw) else raw
    ok = isinstance(options, dict) and len(options) > 1 and _are_texts(list(options.values()))
    _check(ok, "wrong options", raw, "two or more letters, as a list or each with its text")
    _check(all(map(_LETTER.fullmatch, options)), "unreadable letter", raw, "one to three of A-Z, a-z, 0-9")
    ok = len({letter.casefold() for letter in options}) == len(raw)
    _check(ok, "an option's letter comes twice", raw, "letters that differ in more than case")
    return dict(options)


_LABEL_JOINTS = str.maketrans("", "", " -_")


def _label(params: Mapping[str, Any]) -> Kind:
    """One of a closed set of labels. Case, spaces, hyphens and underscores do not matter.

    Params:
        labels: the set.
        aliases: optional, other words for labels, as word to label.
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
        return table.get(_unbracketed(text).casefold().translate(_LABEL_JOINTS))

    return Kind(_target(lambda target: target in labels, ", ".join(labels)), read, eq)


_NUMBER = re.compile(r"([+-]?) ?(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})?(\.\d{1,15})? ?(\D*)", re.ASCII)
_UNITS = {"degrees": ("deg", "°"), "percent": ("per cent", "%"), "pixels": ("px",), "seconds": ("sec", "s")}
_LARGEST = 1e15  # integers below it are exact as floats; it excludes NaN and infinity
_SLACK = 1e-9  # for rounding errors: 0.4 must be within 0.1 of 0.3


def _number(params: Mapping[str, Any]) -> Kind:
    """One number in digits, or in English words up to 999, alone or with its unit.

    Params:
        tolerance: largest error that is still right, inclusive; default 0.
        modulo: optional, numbers that differ by a multiple of this are the same (360 for angles).
        allowed: optional, the only possible answers.
        unit: optional, may follow the number, also in other spellings (see ``_UNITS``); words after its first may be
            left out.
    """
    tolerance, modulo, allowed = params.get("tolerance", 0), params.get("modulo"), params.get("allowed")
    _check(_is_number(tolerance) and tolerance >= 0, "wrong tolerance", tolerance, "a number from 0")
    _check(modulo is None or (_is_number(modulo) and modulo > 0), "wrong modulo", modulo, "a number above 0")
    ok = allowed is None or (isinstance(allowed, list) and all(map(_is_number, allowed)))
    _check(ok, "wrong allowed", allowed, "a list of numbers")
    units = _unit_forms(params.get("unit", ""))

    def near(answer: float, right: float, within: float) -> bool:
        distance = abs(answer - right)
        if modulo is not None:
            distance = min(distance % modulo, -distance % modulo)
        return distance <= within + _SLACK

    def possible(value: float) -> bool:
        return allowed is None or any(near(value, candidate, 0) for candidate in allowed)

    def read(text: str) -> float | None:
        value = _number_in(text.casefold(), units)
        return value if value is not None and possible(value) else None

    right = _target(lambda target: _is_number(target) and possible(target), str(allowed or "a number"))
    return Kind(right, read, lambda answer, target: near(answer, target, tolerance))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _unit_forms(unit: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON, checked here
    """Return all accepted spellings of a unit, the longest first and the empty text last."""
    _check(isinstance(unit, str), "wrong unit", unit, "a text")
    first, _, rest = " ".join(unit.casefold().split()).partition(" ")
    forms = {"", first, first.removesuffix("s"), *_UNITS.get(first, ())}
    if rest:
        forms |= {f"{form} {rest}".strip() for form in forms}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _number_in(low: str, units: tuple[str, ...]) -> float | None:
    """Return the number that a whole text consists of, as an int if it is whole; None if the text is not a number."""
    match = _NUMBER.fullmatch(low)
    if not match or not (match[2] or match[3]):
        return _spelled(next(low.removesuffix(unit) for unit in units if low.endswith(unit)))
    if match[4] not in units:
        return None
    sign = -1 if match[1] == "-" else 1
    whole, part = (match[2] or "0").replace(",", ""), match[3] or ""
    return sign * (float(whole + part) if part.strip(".0") else int(whole))


def _spelled(low: str) -> int | None:
    """Return the number that a text spells in English words; None if it spells none."""
    words = re.sub("^(?:minus |negative |-)", "", low)
    value = _number_words().get(words.replace("-", "").replace(" ", ""))
    return value if value is None or words == low else -value


@lru_cache(maxsize=1)
def _number_words() -> dict[str, int]:
    """Return the numbers 0 to 999 by their English words, written without spaces."""
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


_SEPARATOR = re.compile(r" ?(?:[-=]?>|[,;|→-]) ?(?:and )?| (?:and )?")
_ROWS = re.compile(r"\] ?[,;]? ?\[")  # only square brackets: (1 3)(2) is cycle notation
_THINGS = re.compile(rf"(?<!\w){_THING}s? ?(?=\d)", re.IGNORECASE)
_NUMBERED = re.compile(r"(\d{1,3})[.)] (\d{1,3})(?:,? |$)", re.ASCII)


def _permutation(params: Mapping[str, Any]) -> Kind:
    """An order of 1 to n with commas, arrows, hyphens, spaces, in rows or a numbered list; to n = 9 also run together.

    Params:
        n: how many.
        metric: for partial credit: positions (the default), adjacency, pairs (Kendall) or footrule (Spearman).
        excluded: optional, orders that are never the answer; they earn what the worst order earns.
    """
    n, excluded = params.get("n", 0), params.get("excluded", [])
    _check(type(n) is int and n in range(2, 1000), "wrong n", n, "2 to 999")
    every = list(range(1, n + 1))

    def is_order(order: Any) -> bool:  # noqa: ANN401 - any JSON value
        return _are_ints(order, n) and sorted(order) == every

    ok = isinstance(excluded, list) and all(is_order(order) and excluded.count(order) == 1 for order in excluded)
    _check(ok, "wrong excluded", excluded, f"a list of different orders of 1 to {n}")
    numbers = {str(part): part for part in every}
    metric, mean = ORDER_METRICS[_chosen(params, "metric", ORDER_METRICS)]

    def read(text: str) -> list[int] | None:
        inner = _unbracketed(text)
        if "[" in inner:
            inner = _ROWS.sub(",", _unbracketed(inner))
        if inner[:1].isalpha():
            inner = _THINGS.sub("", inner)
        if [number for number, _ in _NUMBERED.findall(inner)] == [*numbers] and not _NUMBERED.sub("", inner):
            inner = _NUMBERED.sub(r"\2 ", inner).strip()
        parts = _SEPARATOR.split(inner)
        order = [numbers.get(part.strip("\"'"), 0) for part in (parts if len(parts) > 1 else inner)]
        return order if sorted(order) == every else None

    def measure(answer: list[int], target: list[int]) -> float:
        place = {part: rank for rank, part in enumerate(target)}
        return metric([place[part] for part in answer])

    def chance(target: list[int]) -> float:
        # Capped at 20!: from there on, excluding a few orders changes the mean by less than a float can hold.
        left = factorial(min(n, 20)) - len(excluded)
        return mean(n) + sum(mean(n) - measure(order, target) for order in excluded) / left

    right = _target(lambda target: is_order(target) and target not in excluded, f"each of 1 to {n} once, not excluded")
    kind = _credited(params, right, read, measure if params.get("gamma") else eq, chance)
    return kind._replace(grade=lambda answer, target: kind.grade(None if answer in excluded else answer, target))


#: Metrics of orders: a function of the answered parts' ranks in the target, and its mean over all orders of n parts.
ORDER_METRICS: dict[str, tuple[Callable[[list[int]], float], Callable[[int], float]]] = {
    "positions": (lambda r: sum(map(eq, r, range(len(r)))) / len(r), lambda n: 1 / n),
    "adjacency": (lambda r: sum(b == a + 1 for a, b in pairwise(r)) / (len(r) - 1), lambda n: 1 / n),
    "pairs": (lambda r: sum(a < b for a, b in combinations(r, 2)) / (len(r) * (len(r) - 1) // 2), lambda _: 1 / 2),
    "footrule": (
        lambda r: 1 - sum(abs(rank - place) for place, rank in enumerate(r)) / (len(r) ** 2 // 2),
        lambda n: 1 - (n * n - 1) / 3 / (n * n // 2),
    ),
}


def _credited(
    params: Mapping[str, Any],
    right: Callable[[Any], Any],
    read: Callable[[str], Any],
    measure: Callable[[Any, Any], float],
    chance: Callable[[Any], float],
) -> Kind:
    """Return a kind with partial credit.

    An answer whose metric reaches ``full`` is right and earns 1. Below, it earns ``gamma`` times the share of the way
    from chance to 1 that its metric covers, and nothing below chance. ``chance`` returns for a target what answering
    without looking earns: the metric's mean over random valid answers or, if that is more, the metric of the answer
    that names everything.

    Params, the same for each such kind:
        gamma: 0 (the default: no partial credit) to 1.
        signed: true makes scores below chance negative, down to -gamma. What cannot be read earns as little as the
            worst answer. Random answers earn 0 on average, or less where ``floor`` or the answer that names everything
            lies above their mean.
        full: the metric from which an answer is right; default 1.
        floor: the metric up to which an answer earns nothing, if that is more than chance; default 0. It lowers what
            one constant answer earns: the middle of a clip or picture overlaps most targets a little.
    """
    gamma, signed = params.get("gamma", 0), params.get("signed", False)
    full, floor = params.get("full", 1), params.get("floor", 0)
    _check(_is_number(gamma) and 0 <= gamma <= 1, "wrong gamma", gamma, "0 to 1")
    _check(isinstance(signed, bool), "wrong signed", signed, "true, false")
    _check(_is_number(full) and 0 < full <= 1, "wrong full", full, "above 0, to 1")
    _check(_is_number(floor) and 0 <= floor < full, "wrong floor", floor, f"0 to less than full, {full}")

    def bound(target: Any) -> Any:  # noqa: ANN401 - any JSON value, until it is checked
        target = right(target)
        return target, min(max(chance(target), floor), 1 - _SLACK) if gamma else 0.0

    def grade(answer: Any, bound: tuple[Any, float]) -> float:  # noqa: ANN401 - what ``read`` gives
        target, blind = bound
        value = 0.0 if answer is None else measure(answer, target)
        if value >= full - _SLACK:
            return 1.0
        part: float = gamma * (value - blind) / (1 - blind)
        return max(-gamma if signed else 0.0, part)

    return Kind(bound, read, grade)


_TIME = r"((?:\d{1,3}:){0,2}\d{1,9}(?:\.\d{1,9})?) ?(?:s|sec|secs|seconds?)?"
_INTERVAL = re.compile(rf"(?:from |between )?{_TIME} ?(?:-|~|to|until|and|->|→|[,;]) ?{_TIME}", re.ASCII)
STEPS = 20  # grid of the ends of blind answers; a finer one changes their mean only in the third digit
_MOST_BLIND = 0.45  # above the mean of all blind answers for any target: with such a floor, it need not be computed


def _interval(params: Mapping[str, Any]) -> Kind:
    """A start and an end in seconds (``3.5-8``, ``3.5 to 8 s``), also with minutes and hours (``0:03.5-0:00:08``).

    Params:
        duration: of the clip, in seconds; start and end lie within it.
        metric: iou (the default), or boundary: iou times 1 - error / duration of the start and of the end.
    """
    duration: float = params.get("duration", 0)
    metric = _chosen(params, "metric", ("iou", "boundary"))
    _check(_is_number(duration) and duration > 0, "wrong duration", duration, "a number above 0")

    def possible(target: Any) -> bool:  # noqa: ANN401 - any JSON value
        ends = target if isinstance(target, list) and all(map(_is_number, target)) else []
        return bool(ends) and [ends[0], ends[-1]] == ends and 0 <= ends[0] < ends[1] <= duration

    def read(text: str) -> list[float] | None:
        match = _INTERVAL.fullmatch(_unbracketed(text).casefold())
        if not match:
            return None
        start, end = map(_seconds, match.groups())
        span = [start, min(end, duration) if end <= ceil(duration) else end]
        return span if possible(span) else None

    def measure(answer: list[float], target: list[float]) -> float:
        errors = [abs(end - right) / duration for end, right in zip(answer, target, strict=True)]
        return _overlap(answer, target) * ((1 - errors[0]) * (1 - errors[1]) if metric == "boundary" else 1)

    def chance(target: list[float]) -> float:
        blind = spans(duration) if params.get("floor", 0) < _MOST_BLIND else []
        mean = sum(measure(answer, target) for answer in blind) / (len(blind) or 1)
        return max(mean, measure([0, duration], target))

    return _credited(params, _target(possible, f"[start, end] in 0 to {duration}"), read, measure, chance)


def _seconds(time: str) -> float:
    """Return the seconds of a time such as ``8``, ``0:08`` or ``0:00:08``."""
    seconds = 0.0
    for part in time.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def spans(length: float, steps: int = STEPS) -> list[list[float]]:
    """Return all intervals whose ends lie on a grid over 0 to ``length``: blind answers, whose mean score is chance."""
    return [[length * low / steps, length * high / steps] for low, high in combinations(range(steps + 1), 2)]


def _overlap(one: list[float], other: list[float]) -> float:
    """Return the intersection over union of two intervals."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (one[1] - one[0] + other[1] - other[0] - both) if both > 0 else 0.0


SIDE = 1000  # coordinates are thousandths of the width and height
BOX_STEPS = 8
_WHOLE = re.compile(r"\d{1,4}(?:\.0)?", re.ASCII)
_BRACKETS_AND_COMMAS = str.maketrans("()[],;", "      ")
_LTRB = ("left", "top", "right", "bottom")
_EDGE_NAMES = re.compile(" ?[,;]? ?".join(rf'"?{edge}"? ?[:=]? ?([\d.]+)' for edge in _LTRB))
_LABEL = re.compile(r"""(?i) ["']?label["']?: ["']?(?![a-z _-]*\b(?:or|and|not?|maybe)\b)[a-z _-]{1,30}["']?$""")


def _box(params: Mapping[str, Any]) -> Kind:
    """Left, top, right and bottom in whole thousandths of width and height; the metric is IoU."""

    def chance(target: list[int]) -> float:
        blind = boxes() if params.get("floor", 0) < _MOST_BLIND else []
        mean = sum(_box_overlap(answer, target) for answer in blind) / (len(blind) or 1)
        return max(mean, _box_overlap([0, 0, SIDE, SIDE], target))

    def possible(box: Any) -> bool:  # noqa: ANN401 - any JSON value
        return _are_ints(box, 4) and 0 <= box[0] < box[2] <= SIDE and 0 <= box[1] < box[3] <= SIDE

    right = _target(possible, f"[left, top, right, bottom] in 0 to {SIDE}")
    return _credited(params, right, _whole_numbers(possible, "bbox_2d"), _box_overlap, chance)


@lru_cache(maxsize=1)
def boxes() -> list[list[int]]:
    """Return all boxes whose edges lie on a grid of even steps: blind answers, whose mean score is chance."""
    sides = [(int(low), int(high)) for low, high in spans(SIDE, BOX_STEPS)]
    return [[left, top, right, bottom] for left, right in sides for top, bottom in sides]


def _box_overlap(one: list[int], other: list[int]) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def _whole_numbers(allowed: Callable[[list[int]], bool], name: str) -> Callable[[str], list[int] | None]:
    """Return a reader of coordinates in any brackets, also with the names of edges, or with Qwen's name and label."""

    def read(text: str) -> list[int] | None:
        edges = _EDGE_NAMES.fullmatch(_unbracketed(text).casefold())
        parts = [*edges.groups()] if edges else text.translate(_BRACKETS_AND_COMMAS).split()
        if parts and parts[0].strip("\"':") == name:
            parts = _LABEL.sub("", " ".join(parts[1:])).split()
        numbers = [int(part.removesuffix(".0")) for part in parts] if all(map(_WHOLE.fullmatch, parts)) else []
        return numbers if allowed(numbers) else None

    return read


def _point(params: Mapping[str, Any]) -> Kind:
    """Across and down in whole thousandths of width and height.

    Params:
        radius: distance beyond which an answer earns nothing.
        hit: distance up to which an answer is right, inclusive; from there the score falls linearly to 0 at ``radius``.
            Default: ``radius``.
    """
    radius = params.get("radius", 0)
    _check(_is_number(radius) and radius > 0, "wrong radius", radius, "a number above 0")
    hit = params.get("hit", radius)
    _check(_is_number(hit) and 0 <= hit <= radius, "wrong hit", hit, f"0 to {radius}")

    def grade(answer: list[int], target: list[int]) -> float:
        distance = hypot(answer[0] - target[0], answer[1] - target[1])
        return 1.0 if distance <= hit else max(0.0, (radius - distance) / (radius - hit or 1))

    def possible(point: Any) -> bool:  # noqa: ANN401 - any JSON value
        return _are_ints(point, 2) and all(0 <= part <= SIDE for part in point)

    return Kind(_target(possible, f"[across, down] in 0 to {SIDE}"), _whole_numbers(possible, "point_2d"), grade)


_AND = re.compile(r" ?(?:[,;|/+&]| and ) ?(?:and )?")
_NOTHING = {"none", "nothing"}


def _set(params: Mapping[str, Any]) -> Kind:
    """Some of a closed set of names, in any order, separated by commas; the metric is F1.

    Params:
        names: the set.
        least, most: how many may be chosen; default 1 and all of them. If ``least`` is 0, ``none`` is a valid answer.
        prefix: optional, a word that may stand before a name: ``node`` in "node 51, node 53".
    """
    names = params.get("names", [])
    _check(_are_texts(names) and len(names) > 1, "wrong names", names, "a list of two or more texts")
    prefix = params.get("prefix", "")
    _check(isinstance(prefix, str), "wrong prefix", prefix, "a word")
    befores = ("", f"{prefix} ", f"{prefix}s ")[: 3 if prefix else 1]
    words = {f"{before}{name}": name for before in befores for name in names}
    texts = {_tidy(word).casefold(): name for word, name in words.items()}
    keys = {"".join(text.split()) for text in texts}
    ok = len(keys) == len(words) and not any(map(_AND.search, names)) and not {"", *_NOTHING} & keys
    _check(ok, "unreadable names", names, "different texts without commas")
    least, most = params.get("least", 1), params.get("most", len(names))
    ok = _are_ints([least, most]) and 0 <= least <= most <= len(names) and most > 0
    _check(ok, "wrong least or most", [least, most], f"0 to {len(names)}")
    table = {_SPACE.sub("", text): name for text, name in texts.items()}

    def possible(target: Any) -> bool:  # noqa: ANN401 - any JSON value
        ok = _are_texts(target) and target == [name for name in names if name in target]
        return ok and least <= len(target) <= most

    def named(part: str) -> str:
        part = part.strip("\"' ")
        # Several names are not the one name that they would be without spaces: ``1 2`` is not 12.
        several = " " in part and part not in texts and all(word in table for word in part.split())
        return "" if several else table.get(_SPACE.sub("", part), "")

    def read(text: str) -> list[str] | None:
        inner = _unbracketed(text).casefold()
        parts = _AND.split(inner)
        if len(parts) == 1 and not named(inner):
            parts = [] if inner in _NOTHING else inner.split() or [""]
        found = [named(part) for part in parts]
        distinct = "" not in found and len(set(found)) == len(found) and least <= len(found) <= most
        return [name for name in names if name in found] if distinct else None

    def measure(answer: list[str], target: list[str]) -> float:
        return _f1(len(set(target).intersection(answer)), len(answer), len(target))

    def chance(target: list[str]) -> float:
        # The longest answers are the best blind ones; this is what they earn on average.
        return _f1(most * len(target) / len(names), most, len(target))

    return _credited(params, _target(possible, f"{least} to {most} of {names}"), read, measure, chance)


def _f1(both: float, answered: int, right: int) -> float:
    """Return the F1 of the numbers of common, answered and right elements."""
    return 2 * both / (answered + right) if answered + right else 1.0


_COUNT = re.compile(r"([^\d:=,;]+?) ?[:=]? ?(\d{1,3})(?: ?[,;] ?(?:and )?| and | |$)", re.ASCII)
_UNCOUNTABLE = re.compile(r"[\d:=,;\"']")


def _counts(params: Mapping[str, Any]) -> Kind:
    """How many there are of each of some names: ``circle: 3, squares: 0``; each name once.

    Params:
        names: in any order.
        most: the largest possible count.
        metric: relative (the default: 1 minus each count's relative error, at least 0) or share (of right counts).
    """
    names, most = params.get("names", []), params.get("most", 0)
    near = _COUNT_METRICS[_chosen(params, "metric", _COUNT_METRICS)]
    table = {_squash(name): name for name in names} if _are_texts(names) else {}
    ok = bool(table) and len(table) == len(names) and "" not in table and not any(map(_UNCOUNTABLE.search, names))
    _check(ok, "wrong names", names, "a list of different texts without digits, commas, colons and quotes")
    _check(type(most) is int and most in range(1, 1000), "wrong most", most, "1 to 999")
    # Plurals are read, too. As each name must come once, even a name that is another's plural is read in only one way.
    table = {key + plural: name for plural in ("es", "s", "") for key, name in table.items()}

    def possible(target: Any) -> bool:  # noqa: ANN401 - any JSON value
        ok = isinstance(target, dict) and target.keys() == set(names)
        return ok and _are_ints([*target.values()]) and all(0 <= count <= most for count in target.values())

    def read(text: str) -> dict[str, int] | None:
        rest, end = _unbracketed(text).replace('"', "").replace("'", "").casefold().strip(), 0
        found: list[tuple[str, int]] = []
        while end < len(rest) and len(found) <= len(names) and (match := _COUNT.match(rest, end)):
            found.append((table.get("".join(match[1].split()), ""), int(match[2])))
            end = match.end()
        counts = {name: count for name, count in found if name and count <= most}
        return counts if end == len(rest) and len(found) == len(names) == len(counts) else None

    def measure(answer: dict[str, int], target: dict[str, int]) -> float:
        return sum(near(answer[name], count) for name, count in target.items()) / len(target)

    def chance(target: dict[str, int]) -> float:
        blind: float = sum(near(guess, count) for count in target.values() for guess in range(most + 1))
        return blind / len(target) / (int(most) + 1)

    right = _target(possible, f"a count from 0 to {most} for each of {names}")
    return _credited(params, right, read, measure, chance)


_COUNT_METRICS: dict[str, Callable[[int, int], float]] = {
    "relative": lambda answer, right: max(0.0, 1 - abs(answer - right) / right) if right else answer == right,
    "share": eq,
}
_WORD = re.compile(r"\w+")
_MOST_WORDS = 512
_DECIMALS = re.compile(r"[+-]? ?0?\.(0*\d{1,2})|[^.]*\.(\d{1,2})", re.ASCII)  # those that count, see _free_text
_PERCENT, _DEGREES = _unit_forms("percent"), _unit_forms("degrees")


def _free_text(params: Mapping[str, Any]) -> Kind:
    """A text of up to 512 words, for questions that come with a person's answer; chance is not subtracted.

    Params:
        metric: exact (the default), numeric (equal when rounded to the target's decimals, at most two or, below 0.1, to
            two digits that are not leading zeros; a target without decimals must be met exactly), relative (1 minus the
            relative error, at least 0), rouge (mean F of ROUGE-1, ROUGE-2 and ROUGE-L) or wer (1 minus the word error
            rate, at least 0).
    """
    metric = _chosen(params, "metric", _TEXT_METRICS)

    def right(target: Any) -> Any:  # noqa: ANN401 - any JSON value, until it is checked
        text = read(_tidy(target)) if isinstance(target, str) and len(target) <= MAX_ANSWER else None
        ok = text is not None and (metric not in {"numeric", "relative"} or _number_in(text, _PERCENT) is not None)
        _check(ok, "impossible target", target, f"a text of 1 to {_MOST_WORDS} words, or a number")
        return text

    def read(text: str) -> str | None:
        return text.casefold() if 0 < len(text.split()) <= _MOST_WORDS and _WORD.search(text) else None

    return Kind(right, read, _TEXT_METRICS[metric])


def _same_number(answer: str, right: str) -> float:
    """Whether two texts are numbers that are equal when rounded to the right one's decimals, at most two."""
    value, target, decimals = _number_in(answer, _PERCENT), _number_in(right, _PERCENT), _DECIMALS.match(right)
    if value is None or target is None or not decimals:
        return float(value == target)
    places = len(decimals[1] or decimals[2])
    return float(round(value, places) == round(target, places))


def _near_number(answer: str, right: str) -> float:
    """Return 1 minus the relative error of a number, at least 0."""
    value, target = _number_in(answer, _PERCENT), _number_in(right, _PERCENT)
    return max(0.0, 1 - abs(value - target) / abs(target)) if value is not None and target else float(value == target)


def _rouge(answer: str, right: str) -> float:
    """Return the mean F1 of the common words, pairs of neighbouring words, and longest common subsequence."""
    one, other = _WORD.findall(answer), _WORD.findall(right)
    pairs = [*pairwise(one)], [*pairwise(other)]
    bags = [(one, other), pairs] if any(pairs) else [(one, other)]
    scores = [_f1((Counter(a) & Counter(b)).total(), len(a), len(b)) for a, b in bags]
    return (_f1(_common(one, other), len(one), len(other)) + sum(scores)) / (1 + len(scores))


def _places(words: list[str]) -> Counter[str]:
    """Return for each word an integer with one bit set for each place where the word stands."""
    bits: Counter[str] = Counter()
    for place, word in enumerate(words):
        bits[word] |= 1 << place
    return bits


def _common(answer_words: list[str], right_words: list[str]) -> int:
    """Return the length of the longest common subsequence. A row of the table is the bits of one integer (Hyyrö)."""
    places, full = _places(answer_words), (1 << len(answer_words)) - 1
    row = full
    for word in right_words:
        match = row & places[word]
        row = ((row + match) | (row - match)) & full
    return len(answer_words) - row.bit_count()


def _word_accuracy(answer: str, right: str) -> float:
    """Return 1 minus the edits per right word, at least 0. A row of the edit table is the bits of integers (Myers)."""
    answer_words, right_words = answer.split(), right.split()
    places, full, last = _places(right_words), (1 << len(right_words)) - 1, 1 << (len(right_words) - 1)
    pv, mv, edits = full, 0, len(right_words)
    for word in answer_words:
        same = places[word]
        diagonal = (((same & pv) + pv) ^ pv) | same | mv
        mh, ph = (mv | ~(diagonal | pv)) & full, pv & diagonal
        edits += bool(mh & last) - bool(ph & last)
        mh = mh << 1 | 1
        pv, mv = (ph << 1 | ~(same | mv | mh)) & full, mh & (same | mv) & full
    return max(0.0, 1 - edits / len(right_words))


#: What a free text earns, as a function of the answer and the right answer, both tidied and case-folded.
_TEXT_METRICS: dict[str, Callable[[str, str], float]] = {
    "exact": eq,
    "numeric": _same_number,
    "relative": _near_number,
    "rouge": _rouge,
    "wer": _word_accuracy,
}
_PARTIAL = ("gamma", "signed")  # params of kinds with partial credit, see _credited

#: Every kind but ``composite``, which joins two of them: the function that binds its parameters, and their names.
KINDS: dict[str, tuple[Callable[[Mapping[str, Any]], Kind], tuple[str, ...]]] = {
    "choice": (_choice, ("options",)),
    "label": (_label, ("labels", "aliases")),
    "number": (_number, ("tolerance", "modulo", "allowed", "unit")),
    "permutation": (_permutation, ("n", "metric", "excluded", *_PARTIAL)),
    "interval": (_interval, ("duration", "metric", "full", "floor", *_PARTIAL)),
    "box": (_box, ("full", "floor", *_PARTIAL)),
    "point": (_point, ("radius", "hit")),
    "set": (_set, ("names", "least", "most", "prefix", *_PARTIAL)),
    "counts": (_counts, ("names", "most", "metric", *_PARTIAL)),
    "text": (_free_text, ("metric",)),
}

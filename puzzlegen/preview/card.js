/* One puzzle as a model sees it: its media and words in their order. */
const PLACEHOLDER = /(<image>|<video>)/;
const FORM = /<answer>|\\boxed|<transform>|\{"answer"/;

const LABEL_LENGTH = 24;
const isPlaceholder = (bit) => bit === "<image>" || bit === "<video>";

/** Media that lead, perhaps each with a short label, then lines of words and media, and the options apart. */
function parts(puzzle) {
  const letters = lettersOf(puzzle.spec);
  let next = 0;
  const show = (bit, label) => {
    const number = puzzle.media.length > 1 ? ` ${next + 1}` : "";
    return figure(puzzle.media[next++], label || (bit === "<video>" ? "clip" : "picture") + number);
  };
  const [lead, lines, offered] = [[], [], new Map()];
  for (const line of puzzle.problem.split("\n")) {
    const bits = line.split(PLACEHOLDER).filter((bit) => bit !== "");
    const words = bits.filter((bit) => !isPlaceholder(bit)).join("").trim();
    const letter = letters.find((one) => line.startsWith(`${one}. `) && !offered.has(one));
    if (!lines.length && !letter && words.length <= (bits.some(isPlaceholder) ? LABEL_LENGTH : 0)) {
      lead.push(...bits.filter(isPlaceholder).map((bit) => show(bit, words.replace(/:$/, ""))));
      continue;
    }
    const made = bits.map((bit) => (isPlaceholder(bit) ? show(bit, "") : bit));
    if (letter) offered.set(letter, [String(made[0]).slice(letter.length + 2), ...made.slice(1)]);
    else lines.push(made);
  }
  for (const letter of letters) if (!offered.has(letter)) offered.set(letter, []);
  return { lead, lines, offered };
}

function lettersOf({ kind, params }) {
  if (kind !== "choice") return [];
  return Array.isArray(params.options) ? params.options : Object.keys(params.options);
}

function paragraphs(lines) {
  const found = [];
  let open = null;
  for (const line of lines) {
    if (!line.length) open = null;
    else if (open) open.append(el("br"), ...line);
    else found.push((open = el("p", {}, line)));
  }
  for (const node of found) if (FORM.test(node.textContent)) node.className = "form";
  return found;
}

function mediaBlock(figures) {
  if (!figures.length) return null;
  const kind = figures.length === 1 ? "one" : figures.length <= 4 ? "few" : "many";
  return el("div", { class: `media ${kind}` }, figures);
}

function byline(puzzle) {
  const facts = [puzzle.split, `difficulty ${puzzle.difficulty.toFixed(2)}`, `chance ${percent(puzzle.chance)}`];
  return el("p", { class: "byline" }, el("b", {}, puzzle.task), ` ${facts.join(" · ")} · `, el("span", {}, puzzle.source));
}

function answerBlock(puzzle) {
  return el("div", { class: "answer" }, el("p", { class: "truth" }, "Answer ", el("strong", {}, puzzle.answer)), record(puzzle));
}

/** What the puzzle was made of, beside what was made of it. */
function original(puzzle) {
  if (puzzle.original !== null) return el("div", { class: "original" }, figure(puzzle.original, "original, before the task changed it"));
  return DATA.facts.note && puzzle.media.length ? el("p", { class: "original note" }, DATA.facts.note) : null;
}

function showTruth(node, puzzle) {
  const beside = original(puzzle);
  if (beside) node.querySelector(".media")?.append(beside);
  node.querySelector(".words").append(answerBlock(puzzle));
}

function record(puzzle) {
  const rows = [
    ["id", puzzle.id],
    ["ability", puzzle.ability],
    ["parameters", puzzle.params],
    ["margin", String(puzzle.margin)],
    ["licence", puzzle.licence || "not stated by the source"],
    ["verifier", JSON.stringify(puzzle.spec)],
    ["solution", puzzle.solution],
  ];
  if (puzzle.system) rows.unshift(["system", puzzle.system]);
  const list = el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  return el("details", {}, el("summary", {}, "Record"), list);
}

/** A puzzle to look at. Its answer is made when it is asked for. */
function card(puzzle, index) {
  const { lead, lines, offered } = parts(puzzle);
  const options = [...offered].map(([letter, text]) => el("li", { "data-letter": letter }, el("b", {}, letter), el("span", {}, text)));
  const button = el("button", { class: "reveal", "aria-expanded": "false", onclick: () => reveal(node, puzzle) }, "Show answer");
  const node = el(
    "article",
    { class: lead.length ? "puzzle" : "puzzle bare", id: `p${index}`, tabindex: "-1", "aria-label": `${puzzle.task} ${index + 1}` },
    byline(puzzle),
    mediaBlock(lead),
    el("div", { class: "words" }, withOptions(lines, options.length ? el("ol", { class: "options" }, options) : null), button),
  );
  return node;
}

/** The words, with the options before the sentence about the answer's form, where the model reads them. */
function withOptions(lines, options) {
  const words = paragraphs(lines);
  const form = words.findIndex((node) => node.className === "form");
  if (options) words.splice(form < 0 ? words.length : form, 0, options);
  return words;
}

function reveal(node, puzzle) {
  const button = node.querySelector(".reveal");
  const shown = node.querySelector(".answer");
  button.setAttribute("aria-expanded", String(!shown));
  button.textContent = shown ? "Show answer" : "Hide answer";
  node.querySelectorAll("[data-letter]").forEach((li) => {
    li.classList.toggle("right", !shown && li.dataset.letter === puzzle.spec.target);
  });
  if (shown) node.querySelectorAll(".answer, .original").forEach((part) => part.remove());
  else showTruth(node, puzzle);
}


/* A person answers; their rewards stand against chance, per task. */
const game = { queue: [], at: 0, log: [] };

function startGame() {
  game.queue = DATA.puzzles.filter(matches);
  for (let k = game.queue.length - 1; k > 0; k--) {
    const other = Math.floor(Math.random() * (k + 1));
    [game.queue[k], game.queue[other]] = [game.queue[other], game.queue[k]];
  }
  game.at = 0;
  showTurn();
}

function showTurn() {
  const puzzle = game.queue[game.at];
  const board = el("aside", { id: "score", "aria-live": "polite" });
  $("play").replaceChildren(el("div", { class: "table" }, puzzle ? turn(puzzle) : el("p", { class: "lead" }, game.queue.length ? "That was the last puzzle." : "No puzzle matches the filters."), board));
  showScore();
}

function turn(puzzle) {
  const { lead, lines, offered } = parts(puzzle);
  const node = el("article", { class: lead.length ? "puzzle" : "puzzle bare", "aria-label": `puzzle ${game.at + 1}`, "data-id": puzzle.id });
  const done = (value, text) => settle(node, puzzle, value, text);
  const words = el("div", { class: "words" }, withOptions(lines, form(puzzle, offered, done)));
  const place = el("p", { class: "byline" }, el("b", {}, puzzle.task), ` ${game.at + 1} of ${game.queue.length} · chance ${percent(puzzle.chance)}`);
  node.append(place, ...[mediaBlock(lead)].filter(Boolean), words);
  node.append(el("p", { class: "verdict", role: "status" }));
  words.append(el("p", { class: "moves" }, el("button", { class: "skip-puzzle", onclick: nextTurn }, "Skip")));
  return node;
}

/** What takes an answer: buttons where the answers are few, else what the kind needs. */
function form(puzzle, offered, done) {
  const { kind, params } = puzzle.spec;
  const take = (answer, text) => done(grade(puzzle.spec, answer), text);
  if (kind === "choice") return buttons([...offered].map(([letter, text]) => [letter, text, () => take(letter, letter)]));
  if (kind === "label") return buttons(params.labels.map((label, k) => [String(k + 1), [label], () => take(label, label)]));
  if (kind === "number" && params.allowed) {
    return buttons(params.allowed.map((value, k) => [String(k + 1), [`${value} ${params.unit ?? ""}`], () => take(value, String(value))]));
  }
  if (kind === "number") return typed(puzzle, "number", (text) => take(Number(text), text));
  if (kind === "permutation") return order(params.n, (found) => take(found, found.join(", ")));
  return typed(puzzle, "text", (text) => judge(puzzle, text, done));
}

function buttons(options) {
  return el(
    "ol",
    { class: "options" },
    options.map(([key, text, act]) => el("li", { "data-letter": key }, el("button", { "data-key": key.toLowerCase(), onclick: act }, el("b", {}, key), el("span", {}, text)))),
  );
}

function typed(puzzle, type, act) {
  const joint = puzzle.spec.kind === "composite";
  const input = (label) => el("input", { type, step: "any", autocomplete: "off", "aria-label": label, placeholder: joint ? label : "" });
  const inputs = joint ? [input("what was done"), input("answer")] : [input("your answer")];
  const submit = (event) => {
    event.preventDefault();
    const texts = inputs.map((one) => one.value.trim());
    if (texts.every(Boolean)) act(joint ? texts : texts[0]);
  };
  const unit = puzzle.spec.params.unit ?? "";
  return el("form", { class: "typed", onsubmit: submit }, inputs, unit ? el("span", {}, unit) : null, el("button", {}, "Answer"));
}

function order(n, act) {
  const found = [];
  const shown = el("output", { "aria-label": "your order" }, "…");
  const draw = () => {
    shown.textContent = found.length ? found.join(", ") : "…";
    node.querySelectorAll("[data-key]").forEach((key) => (key.disabled = found.includes(Number(key.dataset.key))));
    if (found.length === n) act([...found]);
  };
  const push = (part) => {
    found.push(part);
    draw();
  };
  const keys = Array.from({ length: n }, (_, k) => el("button", { "data-key": String(k + 1), onclick: () => push(k + 1) }, String(k + 1)));
  const undo = el("button", { "data-undo": true, onclick: () => (found.pop(), draw()) }, "Undo");
  const node = el("div", { class: "order" }, el("div", { class: "numbers" }, keys), el("p", {}, "Your order: ", shown, " ", undo));
  return node;
}

/** Kinds that the page cannot read: the person compares. */
function judge(puzzle, text, done) {
  const ask = el(
    "p",
    { class: "judge" },
    "Answer ",
    el("strong", {}, puzzle.answer),
    ". This page does not score answers of this kind; puzzlegen score does. Were you right? ",
    el("button", { "data-key": "y", onclick: () => done(1, text, true) }, "Yes"),
    " ",
    el("button", { "data-key": "n", onclick: () => done(0, text, true) }, "No"),
  );
  $("play").querySelector(".typed").replaceWith(ask);
}

function settle(node, puzzle, value, text) {
  if (node.classList.contains("done")) return;
  node.classList.add("done");
  game.log.push({ puzzle, value, response: response(puzzle.spec, text), self: grade(puzzle.spec, puzzle.spec.target) === null });
  const said = value >= 1 ? "Right." : value > 0 ? `Partly right: ${value.toFixed(2)} of 1.` : "Wrong.";
  const verdict = node.querySelector(".verdict");
  verdict.classList.add(value >= 1 ? "good" : "bad");
  verdict.append(said);
  node.querySelectorAll(".options button, .order button, .judge button, .typed *").forEach((part) => (part.disabled = true));
  node.querySelectorAll("[data-letter]").forEach((li) => {
    li.classList.toggle("right", li.dataset.letter === puzzle.spec.target || li.textContent === li.dataset.letter + puzzle.answer);
    li.classList.toggle("chosen", li.dataset.letter === text);
  });
  const words = node.querySelector(".words");
  words.querySelector(".moves").replaceChildren(el("button", { class: "next", onclick: nextTurn }, "Next"));
  words.append(verdict);
  showTruth(node, puzzle);
  showScore();
  words.querySelector(".next").focus({ preventScroll: true });
  verdict.scrollIntoView({ block: "nearest" });
}

function nextTurn() {
  game.at += 1;
  showTurn();
  scrollTo({ top: 0 });
}

/** Wilson's 95 % interval, as puzzlegen score gives it. */
function wilson(p, n) {
  const z = 1.96;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

function scoreRow(name, turns) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [you, chance] = [mean(turns.map((one) => one.value)), mean(turns.map((one) => one.puzzle.chance))];
  const [low, high] = wilson(Math.max(0, you), turns.length);
  const bar = el("div", { class: "bar", "aria-hidden": "true" }, el("i", { class: "reach" }), el("i", { class: "you" }), el("i", { class: "chance" }));
  for (const [key, value] of Object.entries({ low, width: high - low, you: Math.max(0, you), chance })) bar.style.setProperty(`--${key}`, value);
  const mark = turns.some((one) => one.self) ? "*" : "";
  const numbers = [String(turns.length), `${percent(you)}${mark}`, `${Math.round(100 * low)}–${Math.round(100 * high)}`, percent(chance)];
  return el("tr", { "data-task": name }, el("th", { scope: "row" }, name, bar), numbers.map((number) => el("td", {}, number)));
}

function showScore() {
  const board = $("score");
  if (!game.log.length) {
    board.replaceChildren(el("p", { class: "note" }, "Answer with the keys A to Z or 1 to 9, Enter for the next. Your rewards appear here, beside what a policy earns that does not look."));
    return;
  }
  const tasks = [...new Set(game.log.map((one) => one.puzzle.task))].sort();
  const rows = tasks.map((task) => scoreRow(task, game.log.filter((one) => one.puzzle.task === task)));
  if (tasks.length > 1) rows.push(scoreRow("all", game.log));
  const head = ["task", "n", "you", "95 %", "chance"].map((name) => el("th", { scope: "col" }, name));
  const self = game.log.some((one) => one.self) ? [el("p", { class: "note" }, "* by your own comparison with the answer.")] : [];
  board.replaceChildren(
    el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)),
    ...self,
    el("p", {}, el("button", { class: "save", onclick: save }, "Save answers"), " ", el("button", { class: "forget", onclick: () => ((game.log = []), showScore()) }, "Forget")),
    el("p", { class: "note" }, "The saved file is for puzzlegen score, which reads every kind of answer."),
  );
}

function save() {
  const lines = game.log.map((one) => `${JSON.stringify({ id: one.puzzle.id, response: one.response })}\n`);
  const link = el("a", { href: URL.createObjectURL(new Blob(lines, { type: "application/jsonl" })), download: "answers.jsonl" });
  link.click();
  URL.revokeObjectURL(link.href);
}


/* Which puzzles are shown, kept in the address so that a view can be come back to. */
const MOST_ANSWERS = 40;
const wanted = { task: new Set(), split: "", from: 0, to: 1, answer: "", text: "" };

function matches(puzzle) {
  return (
    (!wanted.task.size || wanted.task.has(puzzle.task)) &&
    (!wanted.split || puzzle.split === wanted.split) &&
    puzzle.difficulty >= wanted.from - 1e-9 &&
    puzzle.difficulty <= wanted.to + 1e-9 &&
    (!wanted.answer || puzzle.answer === wanted.answer) &&
    (!wanted.text || `${puzzle.source} ${puzzle.id} ${puzzle.problem}`.toLowerCase().includes(wanted.text.toLowerCase()))
  );
}

function remember() {
  const state = new URLSearchParams();
  for (const task of wanted.task) state.append("task", task);
  for (const key of ["split", "answer", "text"]) if (wanted[key]) state.set(key, wanted[key]);
  if (wanted.from > 0) state.set("from", wanted.from);
  if (wanted.to < 1) state.set("to", wanted.to);
  const text = state.toString();
  history.replaceState(null, "", text ? `#${text}` : "#");
}

function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  wanted.task = new Set(state.getAll("task").filter((task) => task in DATA.facts.kept));
  for (const key of ["split", "answer", "text"]) wanted[key] = state.get(key) ?? "";
  const share = (key, fallback) => {
    const value = Number.parseFloat(state.get(key));
    return value >= 0 && value <= 1 ? value : fallback;
  };
  wanted.from = share("from", 0);
  wanted.to = share("to", 1);
}

function choices(values, label) {
  const options = [...tally(values)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_ANSWERS);
  return [el("option", { value: "" }, label), ...options.map(([value, n]) => el("option", { value }, `${value} (${n})`))];
}

function fillAnswers(select) {
  const { answer } = wanted;
  wanted.answer = "";
  const found = DATA.puzzles.filter(matches).map((puzzle) => puzzle.answer);
  select.replaceChildren(...choices(found, "any"));
  if (answer && !found.includes(answer)) select.append(el("option", { value: answer }, `${answer} (0)`));
  select.value = wanted.answer = answer;
}

function buildFilters(changed) {
  const tasks = [...tally(DATA.puzzles.map((puzzle) => puzzle.task))].sort();
  const again = () => {
    fillAnswers(answer);
    remember();
    changed();
  };
  const pill = ([task, n]) => {
    const box = el("input", { type: "checkbox", value: task, onchange: () => again(box.checked ? wanted.task.add(task) : wanted.task.delete(task)) });
    box.checked = wanted.task.has(task);
    return el("label", { class: "pill" }, box, el("span", {}, task, " ", el("small", {}, String(n))));
  };
  const split = el("select", { id: "split", onchange: () => again((wanted.split = split.value)) }, choices(DATA.puzzles.map((p) => p.split), "any"));
  split.value = wanted.split;
  const answer = el("select", { id: "answer", onchange: () => again((wanted.answer = answer.value)) });
  const bound = (key, label) => {
    const input = el("input", { type: "number", id: key, min: 0, max: 1, step: 0.05, value: wanted[key], "aria-label": label });
    input.addEventListener("change", () => {
      wanted[key] = Math.min(1, Math.max(0, Number(input.value)));
      input.value = wanted[key];
      again();
    });
    return input;
  };
  const search = el("input", { type: "search", id: "text", value: wanted.text, placeholder: "source, id or words" });
  search.addEventListener("input", () => again((wanted.text = search.value.trim())));
  const field = (label, ...inputs) => el("label", { class: "field" }, el("span", {}, label), inputs);
  const range = el("div", { class: "field", role: "group", "aria-label": "difficulty" }, el("span", {}, "difficulty"), el("span", { class: "range" }, bound("from", "least difficulty"), " to ", bound("to", "most difficulty")));
  const wide = matchMedia("(min-width: 761px)").matches;
  const fields = el("div", { class: "fields" }, field("split", split), range, field("answer", answer), field("find", search));
  $("filters").replaceChildren(
    el("div", { class: "pills", role: "group", "aria-label": "tasks" }, tasks.map(pill)),
    el("div", { class: "row" }, el("details", { open: wide }, el("summary", {}, "Filter"), fields), el("output", { id: "shown" })),
  );
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  fillAnswers(answer);
}


const TABS = ["browse", "play", "rejected", "about"];
const HELP = [
  ["j, k", "next, previous puzzle"],
  ["a", "show or hide its answer"],
  ["p", "play"],
  ["A to Z, 1 to 9", "in play: answer"],
  ["Backspace", "in play: take the last number back"],
  ["Enter", "in play: next puzzle"],
  ["Esc", "leave play"],
  ["?", "this list"],
];
let current = -1;

function open(tab) {
  for (const name of TABS) {
    $(name).hidden = name !== tab;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
    $(`tab-${name}`).tabIndex = name === tab ? 0 : -1;
  }
  $("filters").hidden = tab === "rejected" || tab === "about";
  if (tab === "play" && !game.queue.length) startGame();
}

const isOpen = (tab) => !$(tab).hidden;

function applyFilters() {
  let shown = 0;
  DATA.puzzles.forEach((puzzle, k) => {
    const fits = matches(puzzle);
    $(`p${k}`).hidden = !fits;
    shown += fits;
  });
  $("shown").textContent = `${shown} of ${count(DATA.puzzles.length, "puzzle")}`;
  $("none").hidden = shown > 0;
  current = -1;
  game.queue = [];
  if (isOpen("play")) startGame();
}

function step(by) {
  const cards = [...$("browse").querySelectorAll("article:not([hidden])")];
  if (!cards.length) return;
  current = Math.min(cards.length - 1, Math.max(0, current + by));
  cards[current].focus({ preventScroll: true });
  cards[current].scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

function toggleAnswer() {
  const cards = [...$("browse").querySelectorAll("article:not([hidden])")];
  const focused = document.activeElement.closest("article");
  const node = focused ?? cards[Math.max(0, current)];
  if (node) reveal(node, DATA.puzzles[Number(node.id.slice(1))]);
}

function onKey(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.key === "Escape" && isOpen("play")) open("browse");
  else if (typing) return;
  else if (event.key === "?") $("help").showModal();
  else if (isOpen("play")) playKey(event);
  else if (isOpen("browse")) ({ j: () => step(1), k: () => step(-1), a: toggleAnswer, p: () => open("play") })[event.key]?.();
}

function playKey(event) {
  const target = $("play");
  if (event.key === "Enter" && event.target.tagName !== "BUTTON") target.querySelector(".next")?.click();
  if (event.key === "Backspace") target.querySelector("[data-undo]:not(:disabled)")?.click();
  if (event.key.length === 1) {
    const key = [...target.querySelectorAll("[data-key]:not(:disabled)")].find((one) => one.dataset.key === event.key.toLowerCase());
    key?.click();
  }
}

function arrows(event) {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  const at = TABS.indexOf(event.target.id.slice("tab-".length));
  const name = TABS[(at + move + TABS.length) % TABS.length];
  open(name);
  $(`tab-${name}`).focus();
}

function theme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return { isDark, set: (dark) => ((root.dataset.theme = dark ? "dark" : "light"), ($("theme").textContent = dark ? "Light" : "Dark")) };
}

function start() {
  $("name").append(DATA.facts.name, " ", el("small", {}, `${count(Object.values(DATA.facts.kept).reduce((a, b) => a + b, 0), "puzzle")} from ${count(DATA.facts.items, "item")}`));
  $("theme").textContent = theme().isDark ? "Light" : "Dark";
  $("theme").addEventListener("click", () => theme().set(!theme().isDark));
  $("keys").addEventListener("click", () => $("help").showModal());
  $("help").append(el("h2", { id: "help-title" }, "Keys"), el("dl", {}, HELP.map(([key, text]) => [el("dt", {}, key), el("dd", {}, text)])), el("form", { method: "dialog" }, el("button", {}, "Close")));
  for (const name of TABS) {
    $(`tab-${name}`).addEventListener("click", () => open(name));
    $(`tab-${name}`).addEventListener("keydown", arrows);
  }
  const total = DATA.rejected.reduce((sum, { tasks }) => sum + Object.values(tasks).reduce((a, b) => a + b, 0), 0);
  $("tab-rejected").append(" ", el("small", {}, String(total)));
  recall();
  buildFilters(applyFilters);
  $("browse").append(...DATA.puzzles.map(card), el("p", { id: "none", class: "lead", hidden: true }, "No puzzle matches the filters."));
  $("rejected").append(...[rejections()].flat());
  $("about").append(...about().filter(Boolean));
  applyFilters();
  open("browse");
  document.addEventListener("keydown", onKey);
}

start();

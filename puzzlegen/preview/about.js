/* What gave no puzzle, and how the build was made. */
function rejections() {
  if (!DATA.rejected.length) return el("p", { class: "lead" }, "Nothing was rejected.");
  return DATA.rejected.map(({ reason, meaning, tasks, items }) => {
    const total = Object.values(tasks).reduce((sum, n) => sum + n, 0);
    const by = Object.entries(tasks).map(([task, n]) => `${task || "no task"} ${n}`);
    const more = total > items.length ? el("p", { class: "note" }, `${items.length} items shown; rejections.parquet has all.`) : null;
    return el(
      "section",
      { class: "reason", "data-reason": reason },
      el("h2", {}, reason, " ", el("small", {}, String(total))),
      el("p", {}, meaning ? `${meaning}.` : "", " ", el("span", { class: "note" }, by.join(", "))),
      el("ul", { class: "refused" }, items.map(refused)),
      more,
    );
  });
}

function refused({ item, detail, tasks, thumbnail }) {
  const picture = thumbnail === null ? el("div", { class: "blank" }, "no picture") : medium(thumbnail, "");
  return el("li", {}, picture, el("b", {}, item), el("span", {}, [tasks.join(", "), detail].filter(Boolean).join(": ")));
}

function table(head, rows) {
  const header = el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)));
  const body = rows.map(([first, ...rest]) => el("tr", {}, el("th", { scope: "row" }, first), rest.map((value) => el("td", {}, value))));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, header), el("tbody", {}, body)));
}

function about() {
  const { facts } = DATA;
  const tasks = [...new Set([...Object.keys(facts.kept), ...Object.keys(facts.rejected)])].filter(Boolean).sort();
  const refusals = (task) => Object.values(facts.rejected[task] ?? {}).reduce((sum, n) => sum + n, 0);
  const why = (task) => Object.entries(facts.rejected[task] ?? {}).map(([reason, n]) => `${reason} ${n}`).join(", ");
  const profiles = Object.entries(facts.rows).flatMap(([profile, splits]) => Object.entries(splits).map(([split, n]) => [profile, split, String(n)]));
  const versions = Object.entries(facts.environment).map(([name, number]) => `${name} ${number}`).join(", ");
  return [
    el("h2", {}, "Puzzles"),
    table(["task", "kept", "rejected", "why"], tasks.map((task) => [task, String(facts.kept[task] ?? 0), String(refusals(task)), why(task)])),
    $("charts") ? $("charts").content.cloneNode(true) : null,
    el("h2", {}, "Files"),
    table(["config", "split", "rows"], profiles),
    el("h2", {}, "Recipe"),
    el("pre", {}, facts.recipe),
    el("p", { class: "note" }, `Made with ${versions}. Content digest ${facts.digest}.`),
  ];
}


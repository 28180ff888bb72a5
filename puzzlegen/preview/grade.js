/* The verifier's rules for answers that this page can take whole: the same values as puzzlegen/verify.py. */
const SLACK = 1e-9;
const same = (one, other) => one.length === other.length && one.every((part, k) => part === other[k]);

function near_number(answer, right, within, modulo) {
  let away = Math.abs(answer - right);
  if (modulo != null) {
    const rest = ((away % modulo) + modulo) % modulo;
    away = Math.min(rest, (modulo - rest) % modulo);
  }
  return away <= within + SLACK;
}

const METRICS = {
  positions: [(r) => r.filter((rank, k) => rank === k).length / r.length, (n) => 1 / n],
  adjacency: [(r) => r.filter((rank, k) => k && rank === r[k - 1] + 1).length / (r.length - 1), (n) => 1 / n],
  pairs: [
    (r) => {
      let inOrder = 0;
      r.forEach((rank, k) => r.slice(0, k).forEach((before) => (inOrder += before < rank)));
      return inOrder / ((r.length * (r.length - 1)) / 2);
    },
    () => 1 / 2,
  ],
  footrule: [
    (r) => 1 - r.reduce((sum, rank, k) => sum + Math.abs(rank - k), 0) / Math.floor(r.length ** 2 / 2),
    (n) => 1 - (n * n - 1) / 3 / Math.floor((n * n) / 2),
  ],
};

function permutation(answer, target, params) {
  const excluded = params.excluded ?? [];
  if (excluded.some((order) => same(order, answer))) return 0;
  const gamma = params.gamma ?? 0;
  if (!gamma) return same(answer, target) ? 1 : 0;
  const [metric, mean] = METRICS[params.metric ?? "positions"];
  const measure = (order) => metric(order.map((part) => target.indexOf(part)));
  const n = target.length;
  const left = Array.from({ length: Math.min(n, 20) }, (_, k) => k + 1).reduce((a, b) => a * b, 1) - excluded.length;
  const average = mean(n) + excluded.reduce((sum, order) => sum + mean(n) - measure(order), 0) / left;
  const blind = Math.min(average, 1 - SLACK);
  const value = measure(answer);
  if (value >= 1 - SLACK) return 1;
  return Math.max(params.signed ? -gamma : 0, (gamma * (value - blind)) / (1 - blind));
}

const GRADES = {
  choice: (answer, target) => Number(answer === target),
  label: (answer, target) => Number(answer === target),
  number: (answer, target, params) => Number(near_number(answer, target, params.tolerance ?? 0, params.modulo)),
  permutation,
};

/** What an answer earns, or null for kinds that only puzzlegen score can read. */
function grade(spec, answer) {
  const rule = GRADES[spec.kind];
  if (!rule) return null;
  const rights = [spec.target, ...(spec.params.also ?? [])];
  return Math.max(...rights.map((target) => rule(answer, target, spec.params)));
}

/** A response that gives an answer in the form that the puzzle asks for; of two texts, the first says what was done. */
function response(spec, answer) {
  const [text, transform] = Array.isArray(answer) ? [answer[1], `<transform>${answer[0]}</transform>\n`] : [answer, ""];
  const final = { answer: `<answer>${text}</answer>`, boxed: `\\boxed{${text}}`, json: JSON.stringify({ answer: text }) };
  const said = transform + final[spec.params.format ?? "answer"];
  return spec.params.think ? `<think>\n\n</think>\n${said}` : said;
}


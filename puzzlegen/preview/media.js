/* Media lie in the page as base64 and become blobs when they come near the screen. */
const urls = new Map();
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

function decoded(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function urlOf(number) {
  if (!urls.has(number)) {
    const script = $(`m${number}`);
    if (!script) return null; // not parsed yet
    urls.set(number, URL.createObjectURL(new Blob([decoded(script.textContent)], { type: DATA.media[number].type })));
    script.remove();
  }
  return urls.get(number);
}

function load(node) {
  const url = urlOf(Number(node.dataset.medium));
  if (url === null) return false;
  node.src = url;
  delete node.dataset.medium;
  return true;
}

const waiting = new Set();
const near = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      if (!load(target)) waiting.add(target);
    }
  },
  { rootMargin: "800px" },
);
const onScreen = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      target.autoplay = isIntersecting && !calm; // for a clip whose bytes are not there yet
      if (target.autoplay) target.play().catch(() => {}); // a browser may refuse; the controls remain
      else target.pause();
    }
  },
  { threshold: 0.4 },
);
document.addEventListener("DOMContentLoaded", () => waiting.forEach(load));

/** A clip plays by itself; its controls, which would cover it, come with the pointer or the keyboard. */
function clip(attributes) {
  const node = el("video", attributes);
  node.muted = true;
  if (calm) return node;
  for (const event of ["pointerenter", "focus"]) node.addEventListener(event, () => (node.controls = true));
  for (const event of ["pointerleave", "blur"]) node.addEventListener(event, () => (node.controls = false));
  return node;
}

function medium(number, label) {
  const { type, w, h } = DATA.media[number];
  const common = { width: w, height: h, "data-medium": number };
  const isVideo = type.startsWith("video");
  const node = isVideo
    ? clip({ ...common, "aria-label": label, loop: true, playsinline: true, tabindex: 0, controls: calm })
    : el("img", { ...common, alt: label, decoding: "async" });
  near.observe(node);
  if (isVideo) onScreen.observe(node);
  return node;
}

function figure(number, caption) {
  return el("figure", {}, medium(number, caption), el("figcaption", {}, caption));
}


// The check of one page, run inside it; gives what is wrong as a list of texts.
(() => {
  const wrong = [];
  const say = (what, el) => wrong.push(el ? `${what}: ${el.outerHTML.slice(0, 120)}` : what);
  const all = (s, root = document) => [...root.querySelectorAll(s)];
  const shown = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0;
  const clipped = (el) => !!el.closest(".visually-hidden, thead, .skip") && getComputedStyle(el.closest(".visually-hidden, thead, .skip")).position === "absolute";
  const name = (el) => (el.getAttribute("aria-label") || (el.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean).map((id) => document.getElementById(id)?.textContent).join(" ")
    || (el.labels && el.labels[0]?.textContent) || el.textContent || "").trim();

  // 3.1.1, 2.4.2, 1.3.1: language, title, one h1, no level of heading skipped.
  if (!["nl", "en"].includes(document.documentElement.lang)) say("no language");
  if (!document.title.trim()) say("no title");
  const heads = all("h1,h2,h3,h4").filter(shown);
  if (heads.filter((h) => h.tagName === "H1").length !== 1) say("not one h1");
  // 1.3.1, 2.4.1: landmarks, a way past them.
  for (const s of ["header.top", "main#main", "footer"]) if (all(s).length !== 1) say("not one " + s);
  for (const nav of all("nav")) if (!name(nav)) say("a nav without a name", nav);
  if (document.querySelector("a.skip")?.getAttribute("href") !== "#main") say("no skip link");

  // 4.1.2, 3.3.2: names and references.
  for (const el of all("input:not([type=hidden]),select,textarea")) if (!el.labels?.length) say("a field without a label", el);
  for (const el of all("a[href],button,summary")) if (!name(el)) say("nothing to call it by", el);
  const ids = all("[id]").map((el) => el.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => say("an id twice: " + id));
  for (const a of ["aria-describedby", "aria-labelledby", "for"])
    for (const el of all(`[${a}]`)) for (const id of el.getAttribute(a).split(" ")) if (!document.getElementById(id)) say(`${a} of nothing`, el);
  for (const el of all("a[href^='#']")) if (!document.getElementById(el.getAttribute("href").slice(1))) say("a link to nothing", el);
  for (const el of all("[aria-invalid=true]")) if (!el.getAttribute("aria-describedby")) say("an error without its text", el);
  for (const svg of all("svg")) if (svg.getAttribute("aria-hidden") !== "true") say("a picture that is read out", svg);
  // 1.3.1: tables.
  for (const t of all("table")) {
    if (!t.caption?.textContent.trim()) say("a table without a caption", t);
    for (const th of all("th", t)) if (!th.scope) say("a head without a scope", th);
  }

  // 2.5.8: targets of 24 by 24, but for links inside a line of text.
  for (const el of all("a[href],button,input:not([type=hidden]),select,textarea,summary").filter(shown)) {
    if (clipped(el)) continue;
    let r = el.getBoundingClientRect();
    if (el.type === "radio" || el.type === "checkbox") r = el.closest("label").getBoundingClientRect();
    const inLine = el.tagName === "A" && getComputedStyle(el).display === "inline" && el.closest("p,li,dd");
    if (!inLine && (r.width < 24 || r.height < 24)) say(`a target of ${Math.round(r.width)} by ${Math.round(r.height)}`, el);
  }

  // 1.4.3: contrast of every text with what lies behind it.
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (s) => { const m = s.match(/[\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const behind = (el) => {
    for (let e = el; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; }
    return [255, 255, 255, 1];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const el = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !shown(el) || clipped(el)) continue;
    const style = getComputedStyle(el), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [a, b] = [luminance(colour(style.color)), luminance(behind(el))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, el);
  }
  // 1.4.11: the edge of a field against what it lies on.
  for (const el of all("input:not([type=hidden]):not([type=radio]),select,textarea").filter(shown)) {
    const [a, b] = [luminance(colour(getComputedStyle(el).borderTopColor)), luminance(behind(el.parentElement))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 3) say("a field whose edge does not show", el);
  }

  // 1.4.10: no scrolling to the side.
  if (document.documentElement.scrollWidth > innerWidth) {
    const widest = all("body *").filter(shown).filter((el) => el.getBoundingClientRect().right > innerWidth + 1 && !clipped(el)).pop();
    say(`${document.documentElement.scrollWidth} wide on a screen of ${innerWidth}`, widest);
  }

  // 2.4.7, 2.4.11: the focus shows, and nothing lies over it.
  for (const el of all("a[href],button,input:not([type=hidden]),select,textarea,summary").filter(shown)) {
    el.focus({ focusVisible: true });
    const style = getComputedStyle(el);
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) say("a focus that does not show", el);
    const r = el.getBoundingClientRect();
    const top = document.elementFromPoint(r.left + Math.min(r.width / 2, 40), r.top + Math.min(r.height / 2, 12));
    if (top && !el.contains(top) && !top.contains(el) && !top.closest("label")?.contains(el)) say("a focus that is covered", el);
  }
  document.activeElement?.blur();
  return wrong;
})()

// Comfort only: every page and form works without this script.

// What went wrong gets the focus, so that it is read out first.
document.querySelector("[data-focus]")?.focus();

// One click sends one form; the ids in it make a second post harmless anyway.
for (const form of document.querySelectorAll("form[method=post]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
  });
}
// Coming back by the browser's own history, the form may be sent again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// Filters the caseload while typing: nothing leaves the machine for it.
const search = document.querySelector("[data-filter]");
if (search) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const count = document.querySelector("[data-count]");
  const nothing = document.querySelector("[data-nothing]");
  const plain = (text) => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();
  const texts = rows.map((row) => plain(row.textContent));
  const all = count.textContent;
  search.addEventListener("input", () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      if (!row.hidden) shown++;
    });
    count.textContent = words.length
      ? count.dataset.count.replace("{n}", shown).replace("{total}", rows.length)
      : all;
    if (nothing) nothing.hidden = shown > 0;
  });
}

// The printer's own dialogue, where there is one.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A dossier that is taken away from whoever has it on his screen goes from the
// screen too: the page asks whether it is still open, and is loaded anew if not.
const open = document.querySelector("[data-open]")?.dataset.open;
if (open) {
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(open, { cache: "no-store", redirect: "manual" }).catch(() => null);
    if (answer && answer.status !== 204 && answer.status !== 503) location.reload();
  };
  setInterval(ask, 5000);
  addEventListener("focus", ask);
  document.addEventListener("visibilitychange", ask);
}

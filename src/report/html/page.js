"use strict";
(() => {
  const all = (selector, under = document) => [...under.querySelectorAll(selector)];
  const find = (selector) => document.querySelector(selector);
  const form = find("#filter"), query = find("#q"), api = find("#api"), shown = find("#shown"), toggle = find("#all");
  const states = all("button[data-state]");
  const items = all(".item"), methods = all(".res .item"), problems = all(".card"), contract = all(".contract .item");
  const folds = all("#problems details, #methods .api, #methods .stage");
  const cut = find("#methods > .loud") !== null;
  // Read when first searched: a large page has many.
  let words = null;
  const text = (item) => {
    const resource = item.closest(".res"), stage = item.closest(".stage"), fold = item.closest(".api"), cause = item.closest(".cause");
    return [item, resource && resource.querySelector(".path"), stage && stage.querySelector("summary > b"),
      fold && fold.querySelector("summary"), cause && cause.querySelector("h3")]
      .map((part) => part ? part.textContent : "").join(" ").toLowerCase();
  };
  // What was open before anything was filtered.
  let before = null;

  function filter() {
    const wanted = query.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const pressed = states.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.state);
    const id = api ? api.value : "";
    const active = wanted.length > 0 || pressed.length > 0 || id !== "";
    if (wanted.length > 0 && !words) words = new Map(items.map((item) => [item, text(item)]));
    for (const item of items) {
      const fits = (!id || item.dataset.a === id) && (!pressed.length || pressed.includes(item.dataset.s)) &&
        wanted.every((word) => words.get(item).includes(word));
      item.classList.toggle("off", !fits);
    }
    for (const group of all(".res, .stage, .api, .cause")) {
      const some = !active || group.querySelector(".item:not(.off)") !== null;
      group.classList.toggle("off", !some);
    }
    const trees = all("#methods .api, #methods .stage");
    if (active && !before) before = new Map(trees.map((fold) => [fold, fold.open]));
    if (active) for (const fold of trees) fold.open = fold.querySelector(".item:not(.off)") !== null;
    else if (before) { for (const [fold, open] of before) fold.open = open; before = null; }
    const count = (of) => of.filter((item) => !item.classList.contains("off")).length;
    const told = [[methods, "method"], [problems, "problem"], [contract, "contract request"]].filter(([of]) => of.length)
      .map(([of, noun]) => `${count(of)} of ${of.length} ${noun}${of.length === 1 ? "" : "s"}`);
    shown.textContent = active ? `Shown: ${told.join(", ")}${cut ? ", as far as they are on this page" : ""}` : "";
    label();
  }

  function label() {
    const open = folds.length > 0 && folds.every((fold) => fold.open);
    toggle.textContent = open ? "Close all" : "Open all";
    toggle.setAttribute("aria-expanded", String(open));
  }

  // What a link leads to must be seen: nothing around it closed, and nothing filtered away.
  function reveal() {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.closest(".off") || target.classList.contains("off")) {
      query.value = "";
      if (api) api.value = "";
      for (const button of states) button.setAttribute("aria-pressed", "false");
      filter();
    }
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
    const summary = target.querySelector("summary");
    if (target.matches("details") && summary) summary.focus({ preventScroll: true });
  }

  for (const box of all(".sh")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this command");
    button.addEventListener("click", async () => {
      const code = box.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.append(button);
  }

  let soon = 0;
  query.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(filter, items.length > 2000 ? 200 : 0); });
  query.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && query.value) { query.value = ""; filter(); event.preventDefault(); }
  });
  if (api) api.addEventListener("change", filter);
  for (const button of states) button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    filter();
  });
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    for (const fold of folds) fold.open = open;
    label();
  });
  let frame = 0;
  document.addEventListener("toggle", () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(label); }, true);
  // `/` leads to the search, as in many tools, unless something is being typed.
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, select, textarea")) {
      query.focus();
      event.preventDefault();
    }
  });
  // For browsers that do not know how to print what is closed.
  let closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); for (const fold of closed) fold.open = true; });
  addEventListener("afterprint", () => { for (const fold of closed) fold.open = false; closed = []; });
  addEventListener("hashchange", reveal);
  if (items.length > 0) form.hidden = false;
  label();
  reveal();
})();

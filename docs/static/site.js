// What the pages do: terms show their meaning, folds open for paper and for an address inside them.
(function () {
  "use strict";

  // --- terms: the link leads to the glossary; pointing at it, or reaching it by keyboard, shows the meaning.
  const bubble = document.createElement("div");
  bubble.id = "term-bubble";
  bubble.setAttribute("role", "tooltip");
  bubble.hidden = true;
  let shown = null;
  const key = link => [...link.classList].find(name => name.startsWith("term-"));

  function say(link) {
    const [name, chinese, meaning] = window.COURSE_TERMS[key(link)] || [];
    if (!name) return;
    const head = document.createElement("strong"), other = document.createElement("span");
    head.textContent = name;
    other.textContent = ` ${chinese}`;
    other.lang = "zh";
    bubble.replaceChildren(head, other, document.createElement("br"), meaning);
    bubble.hidden = false;
    const place = link.getClientRects()[0] || link.getBoundingClientRect();
    const width = bubble.offsetWidth, height = bubble.offsetHeight, room = document.documentElement.clientWidth;
    bubble.style.left = `${Math.max(8, Math.min(place.left, room - width - 8))}px`;
    bubble.style.top = `${place.top > height + 12 ? place.top - height - 6 : place.bottom + 6}px`;
    link.setAttribute("aria-describedby", bubble.id);
    shown = link;
  }
  function hush() {
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    bubble.hidden = true;
  }
  function prepareTerms() {
    const links = document.querySelectorAll("a.term");
    if (!links.length || !window.COURSE_TERMS) return;
    document.body.append(bubble);
    for (const link of links) {
      link.addEventListener("mouseenter", () => say(link));
      link.addEventListener("mouseleave", hush);
      link.addEventListener("focus", () => say(link));
      link.addEventListener("blur", hush);
      link.addEventListener("click", event => {  // a finger cannot point: its first touch shows the meaning
        if (window.matchMedia("(hover: none)").matches && shown !== link) { event.preventDefault(); say(link); }
      });
    }
    document.addEventListener("keydown", event => { if (event.key === "Escape") hush(); });
    document.addEventListener("scroll", hush, {passive: true});
  }

  // --- wide tables and outputs scroll: by keyboard, too.
  function prepareScrolling() {
    for (const box of document.querySelectorAll(".bd-article :is(table, pre, div.math, .course-map, .cell_output .output)")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    }
  }

  // --- names that the theme gives, and that do not say what is seen.
  function nameButtons() {
    for (const fold of document.querySelectorAll(".bd-article summary[aria-label]")) fold.removeAttribute("aria-label");
    for (const fold of document.querySelectorAll("nav summary:not([aria-label])")) {
      const link = fold.closest("li").querySelector("a");
      fold.setAttribute("aria-label", `Pages below ${link ? link.textContent.trim() : "this one"}`);
    }
    for (const button of document.querySelectorAll("button.search-button-field")) {
      button.setAttribute("aria-label", button.innerText.replace(/\s+/g, " ").trim() || "Search");
    }
  }

  // --- an address that leads into a fold opens it.
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }

  // --- paper: what follows a prediction is open; solutions and answers stand at the end, under their question's name.
  let moved = [];
  function toPaper() {
    if (moved.length) return;
    const article = document.querySelector("article.bd-article > section");
    if (!article) return;
    const end = document.createElement("section");
    end.className = "answers-on-paper";
    const head = document.createElement("h2");
    head.textContent = "Answers and solutions";
    end.append(head);
    let number = 0;
    for (const fold of article.querySelectorAll("details")) {
      if (fold.closest(".answers-on-paper") || fold.parentElement.closest("details.solution")) continue;
      if (fold.matches(".hide, .toggle-details")) continue;  // code that is folded stays folded
      moved.push({fold, open: fold.open});
      fold.open = true;
      const summary = fold.querySelector("summary").textContent.trim();
      if (!fold.matches(".solution") && !/^answer/i.test(summary)) continue;
      number += 1;
      const here = document.createElement("p");
      here.className = "on-paper";
      here.textContent = `(${summary}: number ${number} at the end)`;
      const title = document.createElement("p");
      title.className = "on-paper";
      title.innerHTML = `<strong>${number}.</strong> `;
      fold.before(here);
      Object.assign(moved.at(-1), {here, title});
      end.append(title, fold);
    }
    if (number) article.append(end);
    moved.end = end;
  }
  function fromPaper() {
    for (const {fold, open, here, title} of moved) {
      fold.open = open;
      if (here) { here.replaceWith(fold); title.remove(); }
    }
    if (moved.end) moved.end.remove();
    moved = [];
  }

  document.addEventListener("DOMContentLoaded", () => {
    prepareTerms();
    openTarget();
    nameButtons();
    if (new URLSearchParams(location.search).has("paper")) toPaper();
  });
  window.addEventListener("load", prepareScrolling);
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", fromPaper);
})();

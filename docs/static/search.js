// Search the sections of the site. The index came with search_data.js; nothing is fetched.
(function () {
  "use strict";
  const field = document.querySelector(".bd-search-container form input[name=q]");
  const results = document.getElementById("search-results");
  const count = document.getElementById("search-count");
  const SHOWN = 40;

  const plain = word => word.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  // Chinese has no spaces between words: each character is one.
  const tokenize = text => text.match(/[\u3400-\u9fff]|[\p{L}\p{N}_]+(?:[.'’-][\p{L}\p{N}_]+)*/gu) || [];
  const parts = text => tokenize(text).flatMap(word => /[.'’-]/.test(word) ? [word, ...word.split(/[.'’-]/)] : [word]);
  const index = new MiniSearch({
    fields: ["title", "page", "text"], tokenize: parts, processTerm: term => plain(term) || null,
    searchOptions: {boost: {title: 4, page: 1.5}, prefix: term => term.length > 2,
                    fuzzy: term => term.length > 5 ? 0.15 : false, combineWith: "AND"},
  });
  index.addAll(window.COURSE_SECTIONS.map(([page, title, address, text], id) => ({id, page, title, address, text})));

  function excerpt(text, terms) {
    // About thirty words around the first place where a term stands, the terms marked.
    const low = plain(text).length === text.length ? plain(text) : text.toLowerCase();
    const places = terms.map(term => low.indexOf(term)).filter(place => place >= 0);
    const first = places.length ? Math.min(...places) : 0;
    let start = Math.max(0, first - 80), end = Math.min(text.length, first + 160);
    while (start > 0 && text[start - 1] !== " ") start--;
    while (end < text.length && text[end] !== " ") end++;
    const line = document.createElement("p");
    if (start > 0) line.append("… ");
    let at = start;
    while (at < end) {
      let next = end, length = 0;
      for (const term of terms) {
        const place = low.indexOf(term, at);
        if (place >= 0 && (place < next || (place === next && term.length > length))) { next = place; length = term.length; }
      }
      if (next >= end || !length) { line.append(text.slice(at, end)); break; }
      line.append(text.slice(at, next));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(next, next + length);
      line.append(mark);
      at = next + length;
    }
    if (end < text.length) line.append(" …");
    return line;
  }

  function show() {
    const query = field.value.trim();
    results.replaceChildren();
    if (!query) { count.textContent = ""; return; }
    let found = index.search(query);
    if (!found.length) found = index.search(query, {combineWith: "OR"});
    count.textContent = found.length ? `${found.length} sections` + (found.length > SHOWN ? `, the first ${SHOWN} are shown` : "")
                                     : "Nothing was found.";
    const list = document.createElement("ol");
    for (const hit of found.slice(0, SHOWN)) {
      const [page, title, address, text] = window.COURSE_SECTIONS[hit.id];
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = address;
      link.textContent = title === page ? page : `${page}: ${title}`;
      item.append(link, excerpt(text, hit.terms));
      list.append(item);
    }
    results.append(list);
  }

  field.value = new URLSearchParams(location.search).get("q") || "";
  field.form.addEventListener("submit", event => {
    event.preventDefault();
    history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
    show();
  });
  field.addEventListener("input", show);
  show();
  field.focus();
})();

// What outlives an exchange of results on the search page: which filters are open, and the balance while it is moved.
(() => {
  const KEPT = "#facets details[id], #balance";
  const opened = new Map();

  document.body.addEventListener("htmx:beforeSwap", () => {
    for (const details of document.querySelectorAll(KEPT)) opened.set(details.id, details.open);
  });
  const restore = () => {
    for (const details of document.querySelectorAll(KEPT)) {
      if (opened.has(details.id)) details.open = opened.get(details.id);
    }
  };
  document.body.addEventListener("htmx:afterSwap", restore);
  document.body.addEventListener("htmx:oobAfterSwap", restore);

  document.addEventListener("input", (event) => {
    if (event.target.id !== "ratio") return;
    document.querySelector("output[for=ratio]").value = Number(event.target.value).toFixed(2);
  });
})();

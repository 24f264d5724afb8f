// What outlives an exchange of results on the search page: which filters are open, the balance while it is moved, and where
// the keyboard is. Besides, the box is emptied in place.
(() => {
  const KEPT = "#facets details[id], #balance, #sort";
  const opened = new Map();
  let focused = null;

  const isResults = (event) => event.target.id === "results";

  // The list of orders closes once one is clicked; with the keyboard every step on the way chooses one.
  const staysOpen = (details) => details.open && (details.id !== "sort" || details.querySelector(":focus-visible") !== null);

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    for (const details of document.querySelectorAll(KEPT)) opened.set(details.id, staysOpen(details));
    if (isResults(event)) focused = event.target.contains(document.activeElement) ? document.activeElement : null;
  });
  const restore = () => {
    for (const details of document.querySelectorAll(KEPT)) {
      if (opened.has(details.id)) details.open = opened.get(details.id);
    }
  };
  document.body.addEventListener("htmx:afterSwap", restore);
  document.body.addEventListener("htmx:oobAfterSwap", restore);

  // What was pressed may be gone, such as the filter that it took away: then the results are next.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!isResults(event) || !focused || document.activeElement !== document.body) return;
    const again = focused.id && document.getElementById(focused.id);
    (again || document.getElementById("main")).focus({ preventScroll: true });
    focused = null;
  });

  // A link that looks and is announced as a button is pressed by the space bar too.
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches("a[role=button]")) return;
    event.preventDefault();
    event.target.click();
  });

  document.querySelector(".find__clear").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const box = document.getElementById("q");
    box.value = "";
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("input", (event) => {
    if (event.target.id !== "ratio") return;
    document.querySelector("output[for=ratio]").value = Number(event.target.value).toFixed(2);
  });
})();

// What every page does: "/" focuses the search box, pictures that fail give way to drawn covers, open menus close, the
// open tab and the first error of a form are in view, and an exchange with the site that failed is said to have failed.
(() => {
  const isEditable = (element) => element.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);

  // The page with a new API key answers its form: reloading it must not create another key.
  if (document.getElementById("new-key")) history.replaceState(history.state, "", location.href);

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isEditable(event.target)) {
      const box = document.getElementById("q");
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    }
    if (event.key === "Escape") {
      const menu = event.target.closest("details.pop[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.pop[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // On a narrow screen rows of tabs go on beyond its edge.
  for (const tab of document.querySelectorAll(".sub [aria-current], .seg [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft += tab.getBoundingClientRect().right - row.getBoundingClientRect().right + tab.offsetWidth / 2;
  }

  const wrong = document.querySelector("main form [role=alert], main form [aria-invalid=true]");
  if (wrong) {
    wrong.scrollIntoView({ block: "center" });
    wrong.focus({ preventScroll: true });
  }

  const unanswered = document.getElementById("unanswered");
  const failed = (event) => {
    const status = event.detail.xhr.status;
    if (status === 0 || status >= 500) unanswered.hidden = false;
  };
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:afterSwap", () => (unanswered.hidden = true));

  // Errors of pictures do not bubble; one that failed before this ran is found by its size.
  const giveWay = (picture) => {
    const fallback = picture.dataset && picture.dataset.fallback;
    if (!fallback) return;
    delete picture.dataset.fallback;
    picture.src = fallback;
  };
  document.addEventListener("error", (event) => giveWay(event.target), true);
  for (const picture of document.querySelectorAll("img[data-fallback]")) {
    if (picture.complete && picture.naturalWidth === 0) giveWay(picture);
  }
})();

// The answer above the results: it fills itself for a question, or on request, sentence by sentence as it comes about.
(() => {
  const DELAY_MS = 400;
  let events = null;
  let timer = 0;

  const stop = () => {
    clearTimeout(timer);
    if (events) events.close();
    events = null;
  };

  const fill = (panel) => {
    stop();
    const body = panel.querySelector(".answer__body");
    const source = new EventSource(panel.dataset.address);
    events = source;
    panel.classList.add("answer--open", "is-asked", "is-waiting");
    body.replaceChildren();
    const html = (event) => JSON.parse(event.data).html;
    source.addEventListener("sentence", (event) => {
      panel.classList.remove("is-waiting");
      body.insertAdjacentHTML("beforeend", html(event));
    });
    source.addEventListener("taken_back", () => body.replaceChildren());
    source.addEventListener("answer", (event) => {
      panel.classList.remove("is-waiting");
      body.innerHTML = html(event);
      stop();
    });
    const fail = () => {
      stop(); // else the browser would ask again and again
      panel.classList.remove("is-asked", "is-waiting"); // the link is there again
      body.replaceChildren();
    };
    source.addEventListener("problem", fail);
    source.addEventListener("error", fail);
  };

  // A question is asked once it has stood for a moment: what is typed on replaces the panel before.
  const look = () => {
    stop();
    const panel = document.querySelector("#answer[data-fill]");
    if (!panel) return;
    panel.classList.add("is-asked", "is-waiting");
    timer = setTimeout(() => panel.isConnected && fill(panel), DELAY_MS);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#answer .answer__offer");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    fill(link.closest("#answer"));
  });
  document.body.addEventListener("htmx:beforeSwap", stop);
  document.body.addEventListener("htmx:afterSettle", look);
  window.addEventListener("pagehide", stop);
  look();
})();

// Lists that follow what is done on them: they stay where they were scrolled to, and the keyboard is not lost with the
// button that was pressed.
(() => {
  let before = null;
  const isLists = (event) => event.detail.target && event.detail.target.id === "lists";

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (!isLists(event)) return;
    const lists = event.detail.target;
    const tracks = lists.querySelectorAll("[id^='rail-'] > .rail__track");
    before = {
      hadFocus: lists.contains(document.activeElement),
      places: [...tracks].map((track) => [track.parentElement.id, track.scrollLeft]),
    };
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    if (!before) return;
    const { hadFocus, places } = before;
    before = null;
    for (const [id, left] of places) {
      const track = document.querySelector(`#${CSS.escape(id)} > .rail__track`);
      if (track) track.scrollLeft = left;
    }
    const undo = document.getElementById("undo");
    if (hadFocus && undo && document.activeElement === document.body) undo.focus({ preventScroll: true });
  });
})();

// The chosen theme, remembered in this browser. Loaded in the head, before anything is painted.
(() => {
  const KEY = "theme";
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is switched off: the system's theme it is
    }
  };

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const remember = (theme) => {
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // It still holds for this page.
    }
  };

  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const radio = document.getElementById(`theme-${stored()}`);
    if (radio) radio.checked = true;
    document.getElementById("theme").addEventListener("change", (event) => {
      remember(event.target.value);
      apply(event.target.value);
    });
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    apply(event.newValue);
    document.getElementById(`theme-${event.newValue || "system"}`).checked = true;
  });
})();

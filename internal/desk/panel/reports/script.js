// Escape takes the last condition off, unless something is open or being typed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("input, select, textarea, dialog")) return;
  const open = [...document.querySelectorAll("#report details[open]")].at(-1);
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    return;
  }
  [...document.querySelectorAll("#report .chip a")].at(-1)?.click();
});

// A row can be opened by a click anywhere in it that is not on something else.
document.addEventListener("click", (event) => {
  if (event.target.closest("a, button, input, summary") || getSelection().toString()) return;
  event.target.closest("#report tr[data-opens]")?.querySelector("a.open")?.click();
});

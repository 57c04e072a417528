// Buttons that copy. Without script they stay hidden, and the text can be
// selected with one click. What is loaded later is met too.
const told = document.getElementById("told");

function reveal(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
}

reveal(document);
document.addEventListener("htmx:load", () => reveal(document));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

// Fields of a time zone propose the browser's own. Where nothing was settled yet it
// stands in the field at once; else there is a button, unless it is there already.
for (const button of document.querySelectorAll("button[data-zone]")) {
  const field = document.getElementById(button.dataset.zone);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if ("fill" in button.dataset && !field.value) field.value = here;
  const offer = () => { button.hidden = here === "" || field.value === here; };
  button.textContent = `Use ${here}, as this browser`;
  button.addEventListener("click", () => { field.value = here; field.focus(); offer(); });
  field.addEventListener("input", offer);
  offer();
}

// Tabs that scroll sideways begin at the one that is here.
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  const row = here.parentElement;
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

// data-copy names the element whose text is copied; "" is this page's address.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source ? source.textContent.trim() : location.href);
    say(button, "Copied");
  } catch {
    // No permission, or no https: leave it selected for the keyboard.
    if (source) getSelection().selectAllChildren(source);
    say(button, source ? "Selected" : "Copy it from the address bar");
  }
}

function say(button, word) {
  button.dataset.label ??= button.textContent;
  told.textContent = word;
  button.textContent = word;
  setTimeout(() => { button.textContent = button.dataset.label; told.textContent = ""; }, 2000);
}

// Buttons that copy. Without script they stay hidden, and the text can be
// selected with one click.
const told = document.getElementById("told");

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    say(button, "Copied");
  } catch {
    // No permission, or no https: leave it selected for the keyboard.
    getSelection().selectAllChildren(source);
    say(button, "Selected");
  }
}

function say(button, word) {
  told.textContent = word;
  button.textContent = word;
  setTimeout(() => { button.textContent = "Copy"; told.textContent = ""; }, 2000);
}

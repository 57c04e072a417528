// htmx, in the one way homing uses it: a form or a link loads a whole page, of
// which one element is put in the place of its former self (hx-select and
// hx-target name the same id). Without script the same form loads the page.
// Settings stand in <meta name="htmx-config">.
import htmx from "htmx.org";

// What does not have the element is another page, such as the one to sign in
// on: show it as one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig, target, serverResponse } = event.detail;
  if (!event.detail.shouldSwap || !target.id) return;
  const page = new DOMParser().parseFromString(serverResponse, "text/html");
  if (page.getElementById(target.id)) return;
  event.detail.shouldSwap = false;
  location.assign(requestConfig.verb === "get" ? xhr.responseURL : location.href);
});

// An answer that is an error: a page says what is wrong, so load it; after a
// form, say that it was not carried out.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "get") location.assign(xhr.responseURL);
  else complain(`That was not carried out (${xhr.status}). Load the page again and look before you repeat it.`);
});

document.addEventListener("htmx:sendError", () => complain("The server can't be reached. What you see may be old."));
document.addEventListener("htmx:timeout", () => complain("The answer did not come in time. Try again in a moment."));

function complain(text) {
  document.getElementById("complaint")?.remove();
  const notice = document.createElement("p");
  notice.id = "complaint";
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  document.getElementById("main").prepend(notice);
}

document.addEventListener("htmx:afterSwap", () => document.getElementById("complaint")?.remove());

export default htmx;

// What a page can do beyond links and forms; all of it is extra.

// Copying a digest; without a clipboard (plain http) there is no button.
function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
});

offerCopies();
document.addEventListener("htmx:afterSettle", offerCopies);

// A click elsewhere, or Escape, closes what was folded out.
document.addEventListener("click", (event) => {
  for (const form of document.querySelectorAll("details.dropdown-form[open]")) if (!form.contains(event.target)) form.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const form of document.querySelectorAll("details.dropdown-form[open]")) {
    form.open = false;
    form.querySelector("summary").focus();
  }
});

// The key / goes to the search, unless somebody is writing; Escape leaves it again.
document.addEventListener("keydown", (event) => {
  const field = document.getElementById("find");
  if (!field || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "/" && !event.target.closest?.("input, select, textarea, [contenteditable]")) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "Escape" && event.target === field) {
    field.blur();
  }
});

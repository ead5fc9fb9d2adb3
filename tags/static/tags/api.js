// Shows the answer below the form that asked for it; without this script it comes as a page of its own.
"use strict";

for (const form of document.querySelectorAll("form.try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = new URLSearchParams();
    let address = form.dataset.address;
    for (const [name, value] of new FormData(form)) {
      const place = `{${name}}`;
      if (address.includes(place)) {
        address = address.replace(place, encodeURIComponent(value.trim()).replaceAll("%3A", ":"));
      } else if (name !== "operation" && value.trim() !== "") {
        asked.append(name, value.trim());
      }
    }
    const whole = asked.size ? `${address}?${asked}` : address;
    const place = form.querySelector(".answer");
    const line = document.createElement("p");
    const link = document.createElement("a");
    link.href = whole;
    link.textContent = `GET ${whole}`;
    line.append(link);
    place.replaceChildren(line);
    try {
      const response = await fetch(whole, { headers: { Accept: "application/json" } });
      const text = await response.text();
      line.append(` ${response.status} ${response.statusText}`);
      const shown = document.createElement("pre");
      shown.tabIndex = 0;
      shown.textContent = response.headers.get("Content-Type")?.startsWith("application/json")
        ? JSON.stringify(JSON.parse(text), null, 2)
        : text;
      place.append(shown);
    } catch {
      line.append(` ${place.dataset.failed}`);
    }
  });
}

"use strict";
// The pages work without this. Empty filters need not stand in the address.
for (const form of document.querySelectorAll(".filters")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") event.formData.delete(name);
    }
  });
}
// A form is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
// A page that keeps itself fresh. The browser's own refresh would take a reader's place away, and would stay at the browser's
// error page for good where the daemon is just being restarted.
const seconds = Number(document.body.dataset.reload);
if (seconds > 0) {
  const kept = sessionStorage.getItem("place");
  sessionStorage.removeItem("place");
  for (const link of document.querySelectorAll("main a")) {
    if (kept && link.getAttribute("href") === kept) link.focus({ preventScroll: true });
  }
  const reload = async () => {
    try {
      await fetch(location.href, { method: "HEAD", cache: "no-store" });
    } catch {
      setTimeout(reload, seconds * 1000);
      return;
    }
    sessionStorage.setItem("place", document.activeElement?.getAttribute("href") ?? "");
    location.reload();
  };
  setTimeout(reload, seconds * 1000);
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

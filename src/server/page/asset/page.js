// What the page does besides being read: it follows what happens, and folds groups of a log.
// All HTML comes from the server, which has escaped every text in it.
"use strict";

(() => {
  // More lines than a browser scrolls with ease; the log as text has all.
  const LINES_MAX = 20000;
  // Lists need not change more often than people read.
  const APART = 1000;

  const live = document.body.dataset.live;
  let lines = 0;

  async function fetched(address) {
    const answer = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.status);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // Runs work soon, once for all calls meanwhile, and never twice at once.
  function gathered(work) {
    let waits = false;
    let again = false;
    const run = async () => {
      waits = true;
      again = false;
      try { await work(); } catch { /* The next change comes for sure. */ }
      setTimeout(() => { waits = false; if (again) run(); }, APART);
    };
    return () => { if (waits) again = true; else run(); };
  }

  function isTyping() {
    const active = document.activeElement;
    return active && ["INPUT", "SELECT", "TEXTAREA"].includes(active.tagName);
  }

  function followList() {
    const renew = gathered(async () => {
      if (document.hidden || isTyping()) return;
      const fresh = await fetched(location.href);
      document.getElementById("main").replaceWith(fresh.getElementById("main"));
    });
    const events = new EventSource("/api/v1/events");
    events.addEventListener("change", renew);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
  }

  // Puts what a fresh page says about the run into this one. The logs stay as they are.
  async function renewRun() {
    const fresh = await fetched(location.pathname + "?without_log=true");
    for (const article of fresh.querySelectorAll("article.job")) {
      if (!document.getElementById(article.id)) return location.reload();
    }
    document.getElementById("facts").replaceChildren(...fresh.getElementById("facts").childNodes);
    for (const head of fresh.querySelectorAll("section.stage > h2")) {
      const place = [...fresh.querySelectorAll("section.stage")].indexOf(head.parentElement);
      const own = document.querySelectorAll("section.stage")[place]?.querySelector("h2");
      if (own) own.replaceChildren(...head.childNodes);
    }
    for (const part of fresh.querySelectorAll("article.job, details.step")) {
      const own = document.getElementById(part.id);
      if (!own) continue;
      own.querySelector(".head").replaceChildren(...part.querySelector(".head").childNodes);
      if (!part.matches("details")) continue;
      const about = own.querySelector(".about");
      if (!about.contains(document.activeElement)) about.replaceChildren(...part.querySelector(".about").childNodes);
      if (part.open && !own.dataset.touched) own.open = true;
    }
    for (const outputs of fresh.querySelectorAll("article.job > dl.outputs")) {
      const own = document.getElementById(outputs.parentElement.id);
      const before = own.querySelector("dl.outputs");
      if (before) before.replaceWith(outputs); else own.append(outputs);
    }
  }

  function isInGroup(line) {
    const last = line.previousElementSibling;
    return last && (last.classList.contains("group") || last.classList.contains("in"));
  }

  function arrange(line) {
    if (["group", "endgroup", "section"].includes(line.className) || !isInGroup(line)) return;
    const last = line.previousElementSibling;
    line.classList.add("in");
    if (last.classList.contains("folded") || last.classList.contains("hidden")) line.classList.add("hidden");
  }

  function add(job, line) {
    if (lines++ >= LINES_MAX) return;
    const place = line.step === null ? null : document.getElementById(`${job}-${line.step}`);
    const log = (place || document.getElementById(job))?.querySelector(".log");
    if (!log) return;
    const item = document.createElement("li");
    item.className = line.class;
    item.innerHTML = line.html;
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
    log.append(item);
    arrange(item);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  function followRun() {
    const facts = document.getElementById("facts");
    const cut = document.querySelector(".cut");
    if (facts.dataset.done === "true" && !cut) return;
    for (const log of document.querySelectorAll("details[open] .log")) log.scrollTop = log.scrollHeight;
    const renew = gathered(renewRun);
    const after = encodeURIComponent(facts.dataset.after);
    const events = new EventSource(`/api/v1/runs/${facts.dataset.run}/events?html=true&after=${after}`);
    events.addEventListener("run", renew);
    events.addEventListener("log", (event) => {
      const data = JSON.parse(event.data);
      for (const line of data.lines) add(data.job, line);
      if (lines < LINES_MAX) cut?.remove();
    });
    events.addEventListener("end", () => { events.close(); renew(); });
  }

  document.addEventListener("click", (event) => {
    const step = event.target.closest("details.step");
    if (step && event.target.closest("summary")) step.dataset.touched = "yes";
    const group = event.target.closest(".log .group");
    if (!group) return;
    const isFolded = group.classList.toggle("folded");
    for (let line = group.nextElementSibling; line?.classList.contains("in"); line = line.nextElementSibling) {
      line.classList.toggle("hidden", isFolded);
    }
  });

  for (const line of document.querySelectorAll(".log li")) arrange(line);
  lines = document.querySelectorAll(".log li").length;
  if (live === "list") followList();
  if (live === "run") followRun();
})();

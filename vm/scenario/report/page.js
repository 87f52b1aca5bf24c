"use strict";
(function () {
  var box = document.getElementById("q"), only = document.getElementById("bad"), shown = document.getElementById("shown");
  var cases = Array.prototype.slice.call(document.querySelectorAll("details[data-k]"));
  var files = Array.prototype.slice.call(document.querySelectorAll("h2"));
  function apply() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), n = 0, seen = {};
    cases.forEach(function (d) {
      var text = d.getAttribute("data-k");
      var ok = words.every(function (w) { return text.indexOf(w) >= 0; }) && (!only.checked || d.hasAttribute("data-bad"));
      d.hidden = !ok;
      if (ok) { n++; seen[d.getAttribute("data-f")] = true; }
    });
    files.forEach(function (h) { h.hidden = !seen[h.id]; });
    shown.textContent = n + " of " + cases.length;
  }
  box.addEventListener("input", apply);
  only.addEventListener("change", apply);
  apply();
  // The labels of what begins left of the window stay in sight: those of spans, and of the last tick.
  function number(e, name) { return +e.getAttribute(name); }
  function place(text, from, to, left) {
    var room = Math.max(from, to - text.textContent.length * 7 - 6);
    text.setAttribute("x", Math.min(Math.max(from, left), room) + 3);
  }
  function pin(t) {
    var left = t.scrollLeft, lines = t.querySelectorAll("line"), end = number(t.querySelector("svg"), "width");
    t.querySelectorAll("g").forEach(function (g) {
      var r = g.querySelector("rect"), text = g.querySelector("text"), x = number(r, "x");
      if (text) place(text, x, x + number(r, "width"), left);
    });
    lines.forEach(function (l, i) {
      var text = l.nextElementSibling;
      if (text && text.nodeName == "text") place(text, number(l, "x1"), i + 1 < lines.length ? number(lines[i + 1], "x1") : end, left);
    });
  }
  // The end of a failed case's timeline is what its failure is about.
  document.querySelectorAll("[data-bad] .tl .scroll").forEach(function (t) {
    t.addEventListener("scroll", function () { pin(t); });
    t.scrollLeft = t.scrollWidth;
    pin(t);
  });
})();

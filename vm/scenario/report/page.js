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
  // The end of a failed case's timeline is what its failure is about.
  document.querySelectorAll("[data-bad] .tl .scroll").forEach(function (t) { t.scrollLeft = t.scrollWidth; });
})();

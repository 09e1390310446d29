/* What the scripts of all map pages share. Text from data reaches a page as textContent and attributes only. */
var sro = (function () {
  "use strict";

  document.documentElement.classList.add("js");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (calm) {
    L.Map.mergeOptions({
      fadeAnimation: false, inertia: false, markerZoomAnimation: false, zoomAnimation: false
    });
  }

  const INK = "#101820";
  const MAX_SHIFT = 24;
  const SVG = "http://www.w3.org/2000/svg";

  function svg(name, attributes, parent) {
    const element = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (parent) { parent.appendChild(element); }
    return element;
  }

  function html(name, className, text, parent) {
    const element = document.createElement(name);
    if (className) { element.className = className; }
    if (text !== null) { element.textContent = text; }
    if (parent) { parent.appendChild(element); }
    return element;
  }

  function look(site, colour) {
    switch (site.state) {
      case "primary": return { fill: colour, stroke: INK, width: 2, text: "#FFFFFF" };
      case "shared": return { fill: "#FFFFFF", stroke: colour, width: 3, text: colour };
      case "on-call": return { fill: "#FFFFFF", stroke: colour, width: 1.5, text: colour, dash: "3 2.5" };
      case "uncovered": return { fill: "#E4E7EA", stroke: "#3C4650", width: 2 };
      case "no plan": return { fill: "#FFFFFF", stroke: "#3C4650", width: 2 };
      default: return { fill: "#FFFFFF", stroke: "#3C4650", width: 1.5, dash: "2 2" };
    }
  }

  function details(cards) {
    const body = html("div", "details", null);
    cards.forEach(function (card, index) {
      const title = html("h3", "", card.name, body);
      title.dir = "auto";
      if (index === 0) { title.tabIndex = -1; title.id = "details-title"; }
      const list = html("dl", "", null, body);
      card.rows.forEach(function (row) {
        const pair = html("div", "", null, list);
        html("dt", "", row[0], pair);
        html("dd", "", row[1], pair).dir = "auto";
      });
    });
    return body;
  }

  function chosen(name) {
    const found = new Set();
    document.querySelectorAll("input[name=" + name + "]:checked").forEach(function (box) { found.add(box.value); });
    return found;
  }

  function fitButton(map, fit) {
    const control = L.control({ position: "topleft" });
    control.onAdd = function () {
      const bar = html("div", "leaflet-bar fit", null);
      const button = html("button", "", null, bar);
      button.type = "button";
      button.title = "Show the whole map";
      button.setAttribute("aria-label", button.title);
      const icon = svg("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, button);
      svg("path", { d: "M2 6V2H6M10 2H14V6M14 10V14H10M6 14H2V10", fill: "none", stroke: INK, "stroke-width": 1.8 }, icon);
      L.DomEvent.disableClickPropagation(bar);
      button.addEventListener("click", fit);
      return bar;
    };
    control.addTo(map);
  }

  function pane(map, name, level) {
    const made = map.createPane(name);
    made.style.zIndex = level;
    made.style.pointerEvents = "none";
    return made;
  }

  /* Draws roads and limits beneath everything else. */
  function drawGround(map, underlay) {
    pane(map, "ground", 250);
    const ground = L.svg({ pane: "ground", padding: 0.5 });
    underlay.forEach(function (geometry) {
      L.geoJSON(geometry, {
        pane: "ground", renderer: ground, interactive: false,
        pointToLayer: function () { return L.layerGroup(); },
        style: function (feature) {
          const isArea = /Polygon/.test((feature.geometry || feature).type);
          return { color: "#5A6570", weight: isArea ? 1.6 : 1.1, opacity: 0.65, fill: false };
        }
      }).addTo(map);
    });
  }

  /* Moves what would hide each other apart, from `home` to `at`; what is large gives way least. */
  function part(zoomed) {
    for (let round = 0; round < 80; round += 1) {
      for (let i = 0; i < zoomed.length; i += 1) {
        for (let j = i + 1; j < zoomed.length; j += 1) {
          const one = zoomed[i], other = zoomed[j];
          const way = other.at.subtract(one.at), apart = Math.hypot(way.x, way.y) || 0.01;
          const missing = one.reach + other.reach - apart;
          if (missing > 0) {
            const push = way.multiplyBy(missing / apart / (one.mass + other.mass) / 2);
            one.at = one.at.subtract(push.multiplyBy(other.mass));
            other.at = other.at.add(push.multiplyBy(one.mass));
          }
        }
      }
      zoomed.forEach(function (entry) {
        const shift = entry.at.subtract(entry.home), length = Math.hypot(shift.x, shift.y);
        entry.at = entry.home.add(shift.multiplyBy(Math.min(0.985, MAX_SHIFT / Math.max(length, 1))));
      });
    }
  }

  /* What autoPan does, without its movement. */
  function bringIn(map, box) {
    const frame = map.getContainer().getBoundingClientRect(), card = box.getBoundingClientRect();
    const x = Math.min(0, card.left - frame.left - 12) + Math.max(0, card.right - frame.right + 12);
    const y = Math.min(0, card.top - frame.top - 12) + Math.max(0, card.bottom - frame.bottom + 12);
    if (x || y) { map.panBy([x, y], { animate: false }); }
  }

  /* Opens `body`, made by `details`, as a dialog above a point; `offset` is in pixels. */
  function openDetails(map, point, body, offset) {
    const popup = L.popup({
      autoPan: !calm, autoPanPadding: [12, 12], maxWidth: 320, minWidth: 220, maxHeight: Math.max(180, map.getSize().y - 90),
      offset: offset, closeOnEscapeKey: false
    });
    popup.setLatLng(point).setContent(body).openOn(map);
    const box = popup.getElement();
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-labelledby", "details-title");
    if (calm) { bringIn(map, box); }
    return popup;
  }

  return {
    calm: calm, INK: INK, svg: svg, html: html, look: look, details: details, chosen: chosen, fitButton: fitButton,
    pane: pane, drawGround: drawGround, part: part, openDetails: openDetails
  };
})();

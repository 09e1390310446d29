/* Draws each plan on its map. Text from data reaches the page as textContent and attributes only. */
var sroMap = (function () {
  "use strict";

  const calm = sro.calm, INK = sro.INK, svg = sro.svg, html = sro.html, look = sro.look, chosen = sro.chosen, pane = sro.pane;
  const CHANGED = "#FFB000";
  const RING_PX = 5;
  const SIGNS = {
    more: ["#0B5A2A", "M0-4.5L4.5 3.5H-4.5Z"],
    less: ["#A02000", "M0 4.5L4.5-3.5H-4.5Z"],
    opened: ["#0B5A2A", "M-1.2-4.5H1.2V-1.2H4.5V1.2H1.2V4.5H-1.2V1.2H-4.5V-1.2H-1.2Z"],
    closed: ["#A02000", "M-4-2.4L-2.4-4L0-1.6L2.4-4L4-2.4L1.6 0L4 2.4L2.4 4L0 1.6L-2.4 4L-4 2.4L-1.6 0Z"]
  };
  function outline(corners, radius, attributes, parent) {
    if (!corners.length) { return svg("circle", Object.assign({ r: radius }, attributes), parent); }
    const points = corners.map(function (corner) {
      return (corner[0] * radius).toFixed(1) + "," + (corner[1] * radius).toFixed(1);
    });
    return svg("polygon", Object.assign({ points: points.join(" "), "stroke-linejoin": "round" }, attributes), parent);
  }

  /* A ring says that the campus changes; a sign on it, that it gets more or less than before. */
  function ring(site, root) {
    const reach = site.size * 0.55 + site.ring, isPlain = !SIGNS[site.change], wide = site.ring * (isPlain ? 0.45 : 0.85);
    svg("circle", { r: reach, fill: isPlain ? "none" : "#FFFFFF", stroke: INK, "stroke-width": wide + 1.8 }, root);
    svg("circle", { r: reach, fill: "none", stroke: CHANGED, "stroke-width": wide }, root);
  }

  function badge(site, root) {
    const sign = SIGNS[site.change], at = ((site.size * 0.55 + site.ring) * 0.72).toFixed(1);
    if (!sign) { return; }
    const size = Math.max(0.8, site.ring / RING_PX).toFixed(2);
    const group = svg("g", { transform: "translate(" + at + " -" + at + ") scale(" + size + ")" }, root);
    svg("circle", { r: 7.5, fill: sign[0], stroke: "#FFFFFF", "stroke-width": 1.5 }, group);
    svg("path", { d: sign[1], fill: "#FFFFFF" }, group);
  }

  function drawing(site, colour, corners) {
    const style = look(site, colour);
    const box = Math.max(24, Math.ceil(site.size * 1.3) + 6) + Math.ceil(1.7 * site.ring);
    const root = svg("svg", {
      width: box, height: box, viewBox: [-box / 2, -box / 2, box, box].join(" "), "aria-hidden": "true"
    });
    const radius = site.size / 2;
    if (site.change) { ring(site, root); }
    outline(corners, radius, { fill: "#FFFFFF", stroke: "#FFFFFF", "stroke-width": style.width + 3 }, root);
    const edge = { fill: style.fill, stroke: style.stroke, "stroke-width": style.width };
    if (style.dash) { edge["stroke-dasharray"] = style.dash; }
    outline(corners, radius, edge, root);
    if (site.state === "uncovered") {
      svg("path", { d: "M-5-5L5 5M-5 5L5-5", stroke: INK, "stroke-width": 2.2 }, root);
    } else if (site.officers.length) {
      const number = site.officers.join("+");
      const size = Math.min(19, Math.max(site.smallest, (site.size * 0.56) / Math.max(1, number.length * 0.56)));
      const text = svg("text", {
        "text-anchor": "middle", y: (size * 0.36).toFixed(1), "font-size": size.toFixed(1), "font-weight": 700,
        fill: style.text
      }, root);
      text.textContent = number;
    }
    badge(site, root);
    return { element: root, box: box };
  }

  function overlap(one, other) {
    return Math.max(0, Math.min(one[2], other[2]) - Math.max(one[0], other[0])) *
      Math.max(0, Math.min(one[3], other[3]) - Math.max(one[1], other[1]));
  }

  /* Moves markers that would hide each other a few pixels apart. */
  function part(map, items) {
    const zoomed = items.map(function (item) {
      const at = map.project(item.marker.getLatLng()).add(item.site.offset);
      return { item: item, home: at, at: at.clone(), reach: item.site.size * 0.55 + 1.5 + item.site.ring, mass: item.site.size * item.site.size };
    });
    sro.part(zoomed);
    zoomed.forEach(function (entry) {
      const shift = entry.at.subtract(map.project(entry.item.marker.getLatLng())).round();
      entry.item.shift = shift;
      entry.item.marker.setIcon(L.divIcon(Object.assign({}, entry.item.marker.getIcon().options, {
        iconAnchor: [entry.item.box / 2 - shift.x, entry.item.box / 2 - shift.y]
      })));
    });
  }

  function controls(map) {
    const frame = map.getContainer().getBoundingClientRect();
    return Array.from(map.getContainer().querySelectorAll(".leaflet-control"), function (control) {
      const box = control.getBoundingClientRect();
      return [box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top];
    });
  }

  /* Writes campus names where there is room: primaries if little is hidden, the others if nothing is. */
  function placeNames(map, pane, items, isSmall) {
    pane.replaceChildren();
    const size = map.getSize();
    const taken = items.map(function (item) {
      const at = map.latLngToContainerPoint(item.marker.getLatLng());
      const x = at.x + item.shift.x, y = at.y + item.shift.y, reach = item.site.size / 2 + 1 + item.site.ring;
      item.at = L.point(x, y);
      return [x - reach, y - reach, x + reach, y + reach];
    });
    if (isSmall) { taken.push.apply(taken, controls(map)); }
    const order = items.slice().sort(function (a, b) {
      return (b.site.state === "primary") - (a.site.state === "primary") || b.site.size - a.site.size;
    });
    order.forEach(function (item) {
      if (item.site.state === "not planned") { return; }
      const isPrimary = item.site.state === "primary";
      const name = html("div", "campus-name" + (isPrimary ? " primary" : ""), item.site.name, pane);
      name.dir = "auto";
      const width = name.offsetWidth, height = name.offsetHeight, gap = item.site.size * 0.62 + 2 + item.site.ring;
      const spots = [
        [item.at.x - width / 2, item.at.y + gap], [item.at.x - width / 2, item.at.y - gap - height],
        [item.at.x + gap, item.at.y - height / 2], [item.at.x - gap - width, item.at.y - height / 2],
        [item.at.x + gap * 0.6, item.at.y + gap * 0.7], [item.at.x - gap * 0.6 - width, item.at.y + gap * 0.7],
        [item.at.x + gap * 0.6, item.at.y - gap * 0.7 - height], [item.at.x - gap * 0.6 - width, item.at.y - gap * 0.7 - height]
      ];
      if (isPrimary) {
        spots.push([spots[0][0], spots[0][1] + 14], [spots[1][0], spots[1][1] - 14], [spots[2][0] + 22, spots[2][1]], [spots[3][0] - 22, spots[3][1]]);
      }
      let best = null;
      spots.forEach(function (spot) {
        const box = [spot[0], spot[1], spot[0] + width, spot[1] + height];
        let cost = taken.reduce(function (sum, other) { return sum + overlap(box, other); }, 0);
        if (box[0] < 2 || box[1] < 2 || box[2] > size.x - 2 || box[3] > size.y - 2) { cost += 4000; }
        if (!best || cost < best.cost) { best = { box: box, cost: cost }; }
      });
      if (best.cost > (isPrimary ? (isSmall ? 60 : 250) : 0)) { name.remove(); return; }
      taken.push(best.box);
      L.DomUtil.setPosition(name, map.containerPointToLayerPoint([best.box[0], best.box[1]]).round());
    });
  }

  /* Draws the plan of one map; `page` is what all maps of the document share. */
  function draw(map, page) {
    const home = map.getContainer();
    const plan = JSON.parse(document.getElementById(home.id.replace("map_", "") + "-data").textContent);
    const colours = {}, pales = {};
    plan.officers.forEach(function (officer) {
      colours[officer.number] = officer.colour;
      pales[officer.number] = officer.pale;
    });
    const isLarge = plan.sites.length > plan.maxShapes;
    const scale = Math.min(1.4, Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 15.4));
    const crowd = 0.28 * Math.sqrt(Math.min(1, plan.maxShapes / plan.sites.length));
    const narrow = page.single ? (home.clientWidth < 520 ? 0.82 : 1) : Math.min(1, Math.max(0.62, home.clientWidth / 900));
    plan.sites.forEach(function (site) {
      site.size *= scale * narrow;
      site.ring = site.change ? RING_PX * narrow : 0;
      site.smallest = page.single ? 10 : Math.min(10, site.size * 0.55);
    });
    let open = null;

    pane(map, "areas", 210);
    sro.drawGround(map, plan.underlay);
    pane(map, "lines", 350);
    const names = pane(map, "names", 590);
    names.classList.add("leaflet-zoom-hide");

    const areas = plan.territories.map(function (territory) {
      const colour = colours[territory.officer] || plan.nobody;
      return {
        officer: territory.officer,
        layer: L.polygon(territory.polygons, {
          pane: "areas", renderer: L.svg({ pane: "areas", padding: 0.5 }), interactive: false, color: colour, weight: 1.6, opacity: 0.9,
          dashArray: "7 5", fillColor: pales[territory.officer] || "#F0F1F3", fillOpacity: 1
        })
      };
    });

    const lineRenderer = L.svg({ pane: "lines", padding: 0.5 });
    const links = plan.links.map(function (link) {
      const isCall = link.state === "on-call";
      return {
        link: link,
        layer: L.polyline([link.start].concat(link.via, [link.end]), {
          pane: "lines", renderer: lineRenderer, interactive: false, color: colours[link.officer],
          weight: isCall ? 1.8 : 2.6, opacity: 0.9, dashArray: isCall ? "1 5" : null
        })
      };
    });

    const items = plan.sites.map(function (site) {
      const colour = colours[site.officers[0]] || plan.nobody;
      let marker, box = 0;
      if (isLarge) {
        const style = look(site, colour);
        marker = L.circleMarker([site.lat, site.lon], {
          radius: Math.max(2.5, site.size * crowd), color: site.change ? CHANGED : style.stroke,
          weight: site.change ? 3 : Math.min(1.5, style.width), fillColor: style.fill, fillOpacity: 1,
          dashArray: site.change ? null : style.dash || null
        });
      } else {
        const drawn = drawing(site, colour, plan.shapes[site.shape]);
        box = drawn.box;
        marker = L.marker([site.lat, site.lon], {
          icon: L.divIcon({
            className: "campus", html: drawn.element, iconSize: [drawn.box, drawn.box],
            iconAnchor: [drawn.box / 2, drawn.box / 2]
          }),
          zIndexOffset: Math.round(1e5 - 1e3 * site.size), riseOnHover: true, riseOffset: 1e6
        });
      }
      const tip = html("span", "", site.name, null);
      tip.dir = "auto";
      marker.bindTooltip(tip, { direction: "top", opacity: 1 });
      return { site: site, marker: marker, box: box, shift: L.point(0, 0) };
    });

    const itemOf = {};
    items.forEach(function (item) { itemOf[item.site.id] = item; });

    function place(item) {
      return map.unproject(map.project(item.marker.getLatLng()).add(item.shift));
    }

    function arrange() {
      if (isLarge) { return; }
      part(map, items);
      links.forEach(function (entry) {
        const ends = entry.link.sites.map(function (id) { return place(itemOf[id]); });
        entry.layer.setLatLngs([ends[0]].concat(entry.link.via, [ends[1]]));
      });
      items.forEach(function (item) {
        item.marker.getTooltip().options.offset = L.point(item.shift.x, item.shift.y - item.site.size / 2);
      });
      label();
    }

    function byOfficer(numbers, officers) {
      return !numbers.length || numbers.some(function (number) { return officers.has(String(number)); });
    }

    function show(layer, wanted) {
      if (wanted !== map.hasLayer(layer)) { wanted ? layer.addTo(map) : layer.remove(); }
    }

    function isSelected(link) {
      return open && open.site.officers.indexOf(link.officer) >= 0 && link.state === "on-call";
    }

    function refresh() {
      const states = chosen("state"), officers = chosen("officer"), layers = chosen("layer");
      const onlyChanged = layers.has("changed");
      areas.forEach(function (area) {
        show(area.layer, layers.has("areas") && (area.officer === null || officers.has(String(area.officer))));
      });
      links.forEach(function (entry) {
        const isCall = entry.link.state === "on-call";
        const wanted = layers.has(isCall ? "calls" : "lines") || isSelected(entry.link);
        const told = !onlyChanged || itemOf[entry.link.sites[1]].site.change;
        show(entry.layer, wanted && told && states.has(entry.link.state) && officers.has(String(entry.link.officer)));
      });
      items.forEach(function (item) {
        const told = !onlyChanged || item.site.change || item.site.state === "primary";
        show(item.marker, told && states.has(item.site.state) && byOfficer(item.site.officers, officers));
      });
      label();
    }

    function label() {
      if (isLarge) { return; }
      const seen = items.filter(function (item) { return map.hasLayer(item.marker); });
      placeNames(map, names, seen, !page.single);
    }

    function close(focusBack) {
      if (!open) { return false; }
      const item = open;
      open = null;
      map.closePopup();
      echoes(item, false);
      refresh();
      const element = item.marker.getElement && item.marker.getElement();
      if (focusBack && element) { element.focus({ preventScroll: true }); }
      return true;
    }

    function echoes(item, isOn) {
      page.views.forEach(function (view) { if (view.map !== map) { view.echo(item.site.id, isOn); } });
    }

    /* Shows which marker of this map is the campus that is looked at in another. */
    function echo(id, isOn) {
      const element = itemOf[id] && !isLarge && itemOf[id].marker.getElement();
      if (element) { element.classList.toggle("echo", isOn); }
    }

    function tell(item) {
      page.views.forEach(function (view) { view.close(false); });
      item.marker.closeTooltip();
      const offset = [item.shift.x, item.shift.y - item.site.size / 2 + 4];
      const popup = sro.openDetails(map, item.marker.getLatLng(), sro.details(item.site.cards), offset);
      open = item;
      echoes(item, true);
      popup.on("remove", function () { window.setTimeout(function () { if (open === item) { close(true); } }, 0); });
      refresh();
      popup.getElement().querySelector("h3").focus({ preventScroll: true });
    }

    items.forEach(function (item) {
      item.marker.on("click", function (event) { L.DomEvent.stop(event); tell(item); });
      item.marker.on("add", function () {
        const element = isLarge ? null : item.marker.getElement();
        if (!element || element.hasAttribute("aria-label")) { return; }
        element.setAttribute("aria-label", item.site.summary);
        element.addEventListener("keydown", function (event) {
          if (event.key === "Enter" || event.key === " ") { L.DomEvent.stop(event); tell(item); }
        });
        [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]].forEach(function (pair) {
          element.addEventListener(pair[0], function () { echoes(item, pair[1] || open === item); });
        });
      });
    });

    function fit() { map.fitBounds(plan.bounds, { animate: false, padding: [6, 6] }); }

    home.setAttribute("role", "region");
    home.setAttribute("aria-label", plan.label);
    map.attributionControl.setPrefix(false);
    if (page.single) { map.attributionControl.addAttribution("Coloured areas: nearest campus, not a boundary"); }
    else { map.attributionControl.remove(); }
    sro.fitButton(map, fit);
    map.on("click focus", function () { map.scrollWheelZoom.enable(); });
    home.addEventListener("mouseleave", function () { map.scrollWheelZoom.disable(); });

    fit();
    refresh();
    arrange();
    map.options.minZoom = map.getZoom() - 2;
    map.on("zoomend", arrange);
    map.on("resize", function () { if (!page.isPrinting) { fit(); arrange(); } });
    return { map: map, magnified: scale * narrow, refresh: refresh, arrange: arrange, fit: fit, close: close, echo: echo };
  }

  /* Wherever one map goes, the others follow. */
  function together(maps) {
    let leader = null;
    maps.forEach(function (map) {
      map.on("move", function () {
        if (leader) { return; }
        leader = map;
        maps.forEach(function (other) {
          if (other !== map) { other.setView(map.getCenter(), map.getZoom(), { animate: false }); }
        });
        leader = null;
      });
    });
  }

  function switches(page) {
    function refresh() { page.views.forEach(function (view) { view.refresh(); }); }
    document.querySelectorAll(".switches input, .switches button").forEach(function (control) { control.disabled = false; });
    document.querySelector(".switches").addEventListener("change", refresh);
    document.querySelectorAll("button[data-all]").forEach(function (button) {
      button.addEventListener("click", function () {
        document.querySelectorAll("input[name=officer]").forEach(function (box) { box.checked = button.dataset.all === "on"; });
        refresh();
      });
    });
  }

  /* On paper every map shows the whole ground, whatever was looked at on the screen. */
  function printing(page) {
    let before = null;
    function resized(view) { view.map.invalidateSize({ animate: false, pan: false }); }
    window.addEventListener("beforeprint", function () {
      if (page.isPrinting) { return; }
      page.isPrinting = true;
      page.views.forEach(function (view) { view.close(false); });
      before = { center: page.views[0].map.getCenter(), zoom: page.views[0].map.getZoom() };
      document.documentElement.classList.add("printing");
      page.views.forEach(resized);
      page.views.forEach(function (view) { view.fit(); view.arrange(); });
    });
    window.addEventListener("afterprint", function () {
      if (!page.isPrinting) { return; }
      document.documentElement.classList.remove("printing");
      page.views.forEach(resized);
      page.views.forEach(function (view) { view.map.setView(before.center, before.zoom, { animate: false }); view.arrange(); });
      page.isPrinting = false;
    });
  }

  return function (maps) {
    const page = { single: maps.length === 1, isPrinting: false, views: [] };
    page.views = maps.map(function (map) { return draw(map, page); });
    document.querySelectorAll(".sizes svg").forEach(function (icon) {
      icon.setAttribute("width", icon.getAttribute("width") * page.views[0].magnified);
      icon.setAttribute("height", icon.getAttribute("height") * page.views[0].magnified);
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") { return; }
      if (page.views.some(function (view) { return view.close(true); })) { event.preventDefault(); }
    });
    together(maps);
    switches(page);
    printing(page);
  };
})();

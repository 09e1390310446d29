/* Draws a state: campuses close together as one ring, one agency at a time in full. */
(function () {
  "use strict";

  const html = sro.html, look = sro.look, INK = sro.INK;
  const state = JSON.parse(document.getElementById("state-data").textContent);
  const home = document.getElementById("map");
  const PLANNED = state.states.indexOf("not planned");
  const NEAR_PX = 46, LAST_CLUSTERED = 11, SMALL = 0.42, CLOSEST = 14;
  const FONT = getComputedStyle(document.body).fontFamily;
  const number = new Intl.NumberFormat("en-US").format;
  const narrow = home.clientWidth < 520 ? 0.82 : 1;

  const map = L.map(home, { attributionControl: false, minZoom: 2, maxZoom: 18, zoomSnap: 0.25, zoomDelta: 0.5, scrollWheelZoom: false });
  const crs = map.options.crs;
  let chosen = null, open = null, shown = [], seen = new Set(state.states), index = null, isPrinting = false;

  state.agencies.forEach(function (agency, place) {
    agency.place = place;
    agency.dots = agency.dots.map(function (row) {
      const at = crs.latLngToPoint(L.latLng(row[0], row[1]), 0);
      return {
        agency: agency, lat: row[0], lon: row[1], x: at.x, y: at.y, name: row[2], level: row[3], state: state.states[row[4]],
        sum: row[4], officers: row[5], students: row[6], size: row[7], offset: row[8] || [0, 0]
      };
    });
    if (agency.dots.length) { agency.bounds = L.latLngBounds(agency.dots.map(function (dot) { return [dot.lat, dot.lon]; })); }
  });
  const dots = [].concat.apply([], state.agencies.map(function (agency) { return agency.dots; }));

  /* -- clusters */

  function sums(dot) {
    const all = { s0: 0, s1: 0, s2: 0, s3: 0, s4: 0, s5: 0 };
    all["s" + dot.sum] = dot.students;
    return all;
  }

  function add(all, other) {
    for (let place = 0; place < 6; place += 1) { all["s" + place] += other["s" + place]; }
  }

  function cluster() {
    const points = dots.filter(function (dot) { return seen.has(dot.state); });
    index = new Supercluster({ extent: 256, radius: NEAR_PX, maxZoom: LAST_CLUSTERED, map: sums, reduce: add });
    index.load(points.map(function (dot) {
      return { type: "Feature", properties: dot, geometry: { type: "Point", coordinates: [dot.lon, dot.lat] } };
    }));
  }

  function parts(properties) { return state.states.map(function (_, place) { return properties["s" + place]; }); }

  function covered(properties) {
    const known = parts(properties).slice(0, PLANNED).reduce(function (sum, part) { return sum + part; }, 0);
    return known ? (100 * (properties.s0 + properties.s1) / known).toFixed(1) + " % of their students covered" : "";
  }

  /* -- drawing */

  function outline(brush, dot, x, y, radius) {
    const corners = state.shapes[state.families[dot.level]];
    brush.beginPath();
    if (!corners.length) { brush.arc(x, y, radius, 0, 2 * Math.PI); return; }
    corners.forEach(function (corner) { brush.lineTo(x + corner[0] * radius, y + corner[1] * radius); });
    brush.closePath();
  }

  function mark(brush, dot, x, y, size, colour) {
    const style = look(dot, colour), thin = Math.min(1, 0.45 + size / 40);
    outline(brush, dot, x, y, size / 2);
    brush.setLineDash([]);
    brush.strokeStyle = "#FFFFFF";
    brush.lineWidth = style.width * thin + 2.5;
    brush.stroke();
    brush.fillStyle = style.fill;
    brush.fill();
    brush.setLineDash(style.dash && size >= 9 ? style.dash.split(" ").map(Number) : []);
    brush.strokeStyle = style.stroke;
    brush.lineWidth = style.width * thin;
    brush.stroke();
    brush.setLineDash([]);
    if (dot.state === "uncovered") {
      const arm = Math.min(5, size * 0.22);
      brush.beginPath();
      brush.moveTo(x - arm, y - arm); brush.lineTo(x + arm, y + arm);
      brush.moveTo(x - arm, y + arm); brush.lineTo(x + arm, y - arm);
      brush.strokeStyle = INK;
      brush.lineWidth = Math.max(1.2, 2.2 * thin);
      brush.stroke();
    }
    return style;
  }

  function ring(brush, x, y, radius, properties) {
    const wide = Math.max(4.5, radius * 0.3), all = parts(properties);
    const total = all.reduce(function (sum, part) { return sum + part; }, 0);
    let angle = -Math.PI / 2;
    brush.beginPath(); brush.arc(x, y, radius + 1, 0, 2 * Math.PI); brush.fillStyle = "#3C4650"; brush.fill();
    all.forEach(function (part, place) {
      const end = angle + (total ? 2 * Math.PI * part / total : 0);
      if (end > angle) {
        brush.beginPath(); brush.moveTo(x, y); brush.arc(x, y, radius, angle, end); brush.closePath();
        brush.fillStyle = state.swatches[place]; brush.fill();
      }
      angle = end;
    });
    brush.beginPath(); brush.arc(x, y, radius - wide, 0, 2 * Math.PI);
    brush.fillStyle = "#FFFFFF"; brush.fill(); brush.strokeStyle = "#3C4650"; brush.lineWidth = 1; brush.stroke();
    const count = number(properties.point_count);
    write(brush, count, x, y, Math.min(13, 3.1 * (radius - wide) / Math.max(2, count.length)), 700, "#1B2733");
  }

  function write(brush, text, x, y, size, weight, colour) {
    brush.font = weight + " " + size + "px " + FONT;
    brush.textAlign = "center"; brush.textBaseline = "middle"; brush.fillStyle = colour;
    brush.fillText(text, x, y + size * 0.06);
  }

  /* Writes names where nothing is hidden, the first ones first. */
  function writeNames(brush, view, items, most) {
    const taken = shown.map(function (item) { return [item.x - item.reach, item.y - item.reach, item.x + item.reach, item.y + item.reach]; });
    taken.push([view.min.x, view.min.y, view.min.x + 52, view.min.y + 132], [view.min.x, view.max.y - 46, view.min.x + 120, view.max.y]); // controls
    let written = 0;
    brush.textAlign = "left"; brush.textBaseline = "middle"; brush.lineJoin = "round";
    items.some(function (item) {
      brush.font = item.font;
      const width = Math.min(brush.measureText(item.name).width, 260), gap = item.gap + 3, high = 8;
      const near = gap * 0.7, spots = [
        [item.x - width / 2, item.y + gap + high], [item.x - width / 2, item.y - gap - high], [item.x + gap, item.y], [item.x - gap - width, item.y],
        [item.x + near, item.y + near + high], [item.x - near - width, item.y + near + high], [item.x + near, item.y - near - high], [item.x - near - width, item.y - near - high]
      ];
      const spot = spots.find(function (at) {
        const box = [at[0] - 2, at[1] - high, at[0] + width + 2, at[1] + high];
        if (box[0] < view.min.x || box[1] < view.min.y || box[2] > view.max.x || box[3] > view.max.y) { return false; }
        return taken.every(function (other) { return box[0] >= other[2] || box[2] <= other[0] || box[1] >= other[3] || box[3] <= other[1]; });
      });
      if (spot) {
        taken.push([spot[0] - 4, spot[1] - high, spot[0] + width + 4, spot[1] + high]);
        brush.strokeStyle = "rgba(255, 255, 255, .9)"; brush.lineWidth = 3.5; brush.strokeText(item.name, spot[0], spot[1], 260);
        brush.fillStyle = INK; brush.fillText(item.name, spot[0], spot[1], 260);
        written += 1;
      }
      return written >= most;
    });
  }

  /* Draws campuses as specks, which alone show where people live. */
  function scatter(brush, area, place, some) {
    const specks = [];
    brush.fillStyle = "#AEB7C0";
    some.forEach(function (dot) {
      const at = place(dot);
      if (!seen.has(dot.state) || at.x < area.min.x || at.y < area.min.y || at.x > area.max.x || at.y > area.max.y) { return; }
      brush.fillRect(at.x - 1.5, at.y - 1.5, 3, 3);
      specks.push({ x: at.x, y: at.y, reach: 2, dot: dot });
    });
    return specks;
  }

  function drawState(brush, area, place) {
    const zoom = map.getZoom(), corner = map.layerPointToLatLng(area.min), other = map.layerPointToLatLng(area.max);
    const level = Math.max(0, Math.round(zoom));
    const found = index.getClusters([Math.max(-180, corner.lng), other.lat, Math.min(180, other.lng), corner.lat], level);
    scatter(brush, area, place, level <= LAST_CLUSTERED ? dots : []);
    const small = SMALL * narrow * Math.min(2.2, Math.max(1, 1 + (zoom - LAST_CLUSTERED) / 5));
    found.forEach(function (feature) {
      const is = feature.properties;
      if (is.cluster) {
        const at = map.latLngToLayerPoint([feature.geometry.coordinates[1], feature.geometry.coordinates[0]]);
        const radius = narrow * Math.min(26, 10 + 1.9 * Math.log2(is.point_count));
        ring(brush, at.x, at.y, radius, is);
        shown.push({ x: at.x, y: at.y, reach: radius, cluster: feature });
      } else {
        const at = place(is), size = is.size * small;
        mark(brush, is, at.x, at.y, size, state.nobody);
        shown.push({ x: at.x, y: at.y, reach: size / 2, dot: is });
      }
    });
    const big = state.agencies.filter(function (agency) { return agency.bounds && area.contains(place(agency.centre)); })
      .sort(function (one, two) { return two.students - one.students; }).slice(0, 60);
    writeNames(brush, frame(), big.map(function (agency) {
      const at = place(agency.centre), over = shown.find(function (item) { return Math.hypot(item.x - at.x, item.y - at.y) < item.reach; });
      return { name: agency.name, x: over ? over.x : at.x, y: over ? over.y : at.y, gap: over ? over.reach : 0, font: "600 12px " + FONT };
    }), 24);
  }

  /* Pixels at zoom 0 between a campus and its nearest neighbour, for each pixel of its mark: the median of an agency. */
  function roomOf(agency) {
    if (agency.room === undefined) {
      const rooms = agency.dots.map(function (dot) {
        return agency.dots.reduce(function (least, other) {
          const apart = Math.hypot(dot.x - other.x, dot.y - other.y);
          return apart > 1e-9 && apart < least ? apart : least;
        }, Infinity) / (1.2 * dot.size);
      }).sort(function (one, two) { return one - two; });
      agency.room = rooms.length ? rooms[Math.floor(rooms.length / 2)] : 1;
    }
    return agency.room;
  }

  /* Few marks move apart where they would hide each other, as on the agency's own map; once for each zoom. */
  function shiftsOf(agency, scale) {
    const zoom = map.getZoom();
    if (agency.parted && agency.parted.zoom === zoom) { return agency.parted.shifts; }
    const pixels = Math.pow(2, zoom), entries = agency.dots.map(function (dot) {
      const home = L.point(dot.x * pixels, dot.y * pixels).add(L.point(dot.offset).multiplyBy(scale));
      return { dot: dot, home: home, at: home.clone(), reach: markSize(dot, scale) * 0.55 + 1.5, mass: dot.size * dot.size };
    });
    if (entries.length <= state.maxShapes) { sro.part(entries); }
    agency.parted = { zoom: zoom, shifts: new Map(entries.map(function (entry) {
      return [entry.dot, entry.at.subtract(L.point(entry.dot.x * pixels, entry.dot.y * pixels)).round()];
    })) };
    return agency.parted.shifts;
  }

  function markSize(dot, scale) { return Math.max(7, dot.size * scale); }

  function drawAgency(brush, area, place) {
    scatter(brush, area, place, dots).forEach(function (item) { if (item.dot.agency !== chosen) { shown.push(item); } });
    const scale = narrow * Math.min(1, Math.max(0.28, roomOf(chosen) * Math.pow(2, map.getZoom())));
    const here = chosen.dots.filter(function (dot) { return seen.has(dot.state); });
    const based = {};
    const shifts = shiftsOf(chosen, scale);
    here.forEach(function (dot) {
      dot.at = place(dot).add(shifts.get(dot));
      if (dot.state === "primary") { dot.officers.forEach(function (officer) { based[officer] = dot; }); }
    });
    here.forEach(function (dot) {
      const from = based[dot.officers[0]];
      if (dot.state !== "shared" || !from) { return; }
      brush.beginPath(); brush.moveTo(from.at.x, from.at.y); brush.lineTo(dot.at.x, dot.at.y);
      brush.strokeStyle = colour(dot); brush.lineWidth = Math.max(1.2, 2.6 * scale); brush.stroke();
    });
    here.sort(function (one, two) { return two.size - one.size; }).forEach(function (dot) {
      const size = markSize(dot, scale), style = mark(brush, dot, dot.at.x, dot.at.y, size, colour(dot));
      if (dot.officers.length && size >= 15) {
        const text = dot.officers.join("+");
        write(brush, text, dot.at.x, dot.at.y, Math.min(19, Math.max(9, size * 0.56 / Math.max(1, text.length * 0.56))), 700, style.text);
      }
      shown.push({ x: dot.at.x, y: dot.at.y, reach: size / 2, dot: dot });
    });
    if (scale < 0.5 * narrow) { return; }
    const named = here.slice().sort(function (one, two) { return (two.state === "primary") - (one.state === "primary"); });
    writeNames(brush, frame(), named.map(function (dot) {
      const gap = markSize(dot, scale) * 0.6, isPrimary = dot.state === "primary";
      return { name: dot.name, x: dot.at.x, y: dot.at.y, gap: gap, font: (isPrimary ? "700 13px " : "400 11.5px ") + FONT };
    }), 80);
  }

  function colour(dot) { return chosen.colours[dot.officers[0] - 1] || state.nobody; }

  function frame() {
    return L.bounds(map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(map.getSize()));
  }

  /* Rings the campus that is told of, unless it is inside a cluster. */
  function halo(brush) {
    const item = shown.find(function (other) { return open && other.dot === open; });
    if (!item) { return; }
    brush.beginPath(); brush.arc(item.x, item.y, item.reach * 1.2 + 4, 0, 2 * Math.PI);
    brush.strokeStyle = "#0A58CA"; brush.lineWidth = 3; brush.stroke();
  }

  /* Leaflet's canvas moves, zooms and sizes itself; only what is drawn on it is ours. */
  const Sheet = L.Canvas.extend({
    _draw: function () {
      if (!this._bounds) { return; }
      const origin = map.getPixelOrigin(), scale = Math.pow(2, map.getZoom());
      function place(dot) { return L.point(dot.x * scale - origin.x, dot.y * scale - origin.y); }
      shown = [];
      (chosen ? drawAgency : drawState)(this._ctx, this._bounds, place);
      halo(this._ctx);
    }
  });
  const sheet = new Sheet({ padding: 0.25 });

  function redraw() { if (sheet._map) { sheet._redraw(); } }

  /* -- pointing */

  function under(point) {
    let best = null, least = Infinity;
    shown.forEach(function (item) {
      const apart = Math.hypot(item.x - point.x, item.y - point.y) - Math.max(item.reach, 8) - (item.dot && item.dot.agency === chosen ? 2 : 0);
      if (apart <= 0 && apart < least) { best = item; least = apart; }
    });
    return best;
  }

  const tip = L.tooltip({ direction: "top", opacity: 1, className: "tip" });

  function hover(event) {
    const item = under(event.layerPoint);
    home.classList.toggle("pointing", Boolean(item));
    if (!item) { map.closeTooltip(tip); return; }
    const text = html("span", "", item.cluster ? told(item.cluster.properties) : item.dot.name, null);
    text.dir = "auto";
    tip.options.offset = L.point(0, -item.reach);
    tip.setContent(text).setLatLng(map.layerPointToLatLng([item.x, item.y]));
    map.openTooltip(tip);
  }

  function told(properties) {
    const students = parts(properties).reduce(function (sum, part) { return sum + part; }, 0);
    return [number(properties.point_count) + " campuses", number(students) + " students", covered(properties)].filter(Boolean).join(", ");
  }

  function press(event) {
    map.scrollWheelZoom.enable();
    const item = under(event.layerPoint);
    if (!item) { return; }
    map.closeTooltip(tip);
    if (item.cluster) {
      const at = item.cluster.geometry.coordinates;
      map.setView([at[1], at[0]], Math.max(map.getZoom() + 1, index.getClusterExpansionZoom(item.cluster.properties.cluster_id)), { animate: !sro.calm });
    } else { tell(item.dot, null); }
  }

  function card(dot) {
    const rows = [["Level", state.levels[dot.level]], ["Students", number(dot.students)], ["State", dot.state]];
    if (dot.officers.length) { rows.push([dot.officers.length > 1 ? "Officers" : "Officer", dot.officers.join(", ")]); }
    rows.push(["Agency", dot.agency.name]);
    return { name: dot.name, rows: rows };
  }

  /* Tells of a campus, and of the others on the same point; `back` gets the focus afterwards. */
  function tell(dot, back) {
    close();
    const here = [dot].concat(dots.filter(function (other) { return other !== dot && other.lat === dot.lat && other.lon === dot.lon; }));
    const body = sro.details(here.map(card)), title = body.querySelector("h3");
    const more = html("p", "more", null, body);
    if (dot.agency !== chosen) {
      const button = html("button", "", "Choose this agency", more);
      button.type = "button";
      button.addEventListener("click", function () { go(dot.agency); });
    }
    if (dot.agency.page) { link(dot.agency, more); }
    open = dot;
    const popup = sro.openDetails(map, [dot.lat, dot.lon], body, [0, 7]);
    popup.on("remove", function () {
      if (open !== dot) { return; }
      open = null;
      redraw();
      (back && back.isConnected ? back : home).focus({ preventScroll: true });
    });
    redraw();
    title.focus({ preventScroll: true });
  }

  function close() {
    if (!open) { return false; }
    map.closePopup();
    return true;
  }

  function link(agency, parent) {
    const anchor = html("a", "open-map", "Open this agency’s map", parent);
    anchor.href = agency.page;
    return anchor;
  }

  /* -- the agencies beside the map */

  const body = document.getElementById("rows"), finder = document.getElementById("agencies");
  const find = document.getElementById("find"), sort = document.getElementById("sort");
  const ORDERS = {
    urgency: function (one, two) { return one.place - two.place; },
    missed: function (one, two) { return (two.missed || 0) - (one.missed || 0) || one.place - two.place; },
    covered: function (one, two) { return share(one) - share(two) || one.place - two.place; },
    students: function (one, two) { return two.students - one.students || one.place - two.place; },
    name: function (one, two) { return one.name.localeCompare(two.name) || one.place - two.place; }
  };

  function share(agency) { return agency.covered === null ? 2 : agency.covered; }

  function plain(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

  /* Arrow keys move among the buttons of a list, which is one stop of the Tab key. */
  function arrows(list) {
    function stop(button) {
      list.querySelectorAll("button[tabindex='0']").forEach(function (other) { other.tabIndex = -1; });
      button.tabIndex = 0;
    }
    list.addEventListener("focusin", function (event) { if (event.target.matches("button")) { stop(event.target); } });
    list.addEventListener("keydown", function (event) {
      const all = Array.from(list.querySelectorAll("tr:not([hidden]) button")), at = all.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (at < 0 || to === undefined) { return; }
      event.preventDefault();
      if (all[to]) { all[to].focus(); }
    });
    return { first: function () { const button = list.querySelector("tr:not([hidden]) button"); if (button) { stop(button); } return button; } };
  }

  function row(parent, name, small) {
    const line = html("tr", "", null, parent), head = html("th", "", null, line), button = html("button", "", null, head);
    head.scope = "row";
    button.type = "button";
    button.tabIndex = -1;
    html("bdi", "", name, button);
    if (small) { html("small", "", small, head); }
    return { line: line, button: button };
  }

  state.agencies.forEach(function (agency) {
    const made = row(body, agency.name, agency.isOpen ? agency.outcome : "");
    html("td", "number", agency.missed === null ? "" : number(agency.missed), made.line);
    html("td", "number", agency.share, made.line);
    made.button.addEventListener("click", function () { go(agency); });
    agency.row = made.line;
    agency.button = made.button;
    agency.sought = plain(agency.name + " " + agency.id);
  });
  const list = arrows(body);

  function search() {
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    let count = 0;
    state.agencies.forEach(function (agency) {
      const isFound = words.every(function (word) { return agency.sought.includes(word); });
      agency.row.hidden = !isFound;
      count += isFound;
    });
    document.getElementById("found").textContent = count === state.agencies.length ? number(count) + (count === 1 ? " agency" : " agencies") :
      number(count) + " of " + number(state.agencies.length) + " agencies";
    list.first();
  }

  find.addEventListener("input", search);
  find.addEventListener("keydown", function (event) {
    const first = body.querySelector("tr:not([hidden]) button");
    if (!first || (event.key !== "Enter" && event.key !== "ArrowDown")) { return; }
    event.preventDefault();
    if (event.key === "Enter") { first.click(); } else { first.focus(); }
  });
  sort.addEventListener("change", function () {
    state.agencies.slice().sort(ORDERS[sort.value]).forEach(function (agency) { body.appendChild(agency.row); });
    list.first();
  });

  /* -- one agency */

  const panel = document.getElementById("agency");
  const RANKS = ["uncovered", "no plan", "on-call", "shared", "primary", "not planned"];

  function describe(agency) {
    panel.replaceChildren();
    const back = html("button", "back", "← All agencies", panel);
    back.type = "button";
    back.addEventListener("click", function () { go(null); });
    const title = html("h2", "", agency.name, panel);
    title.id = "agency-name";
    title.tabIndex = -1;
    title.dir = "auto";
    html("p", agency.isOpen ? "outcome open" : "outcome", agency.outcome.charAt(0).toUpperCase() + agency.outcome.slice(1), panel);
    if (agency.proof) { html("p", "fine", agency.proof, panel).dir = "auto"; }
    if (agency.page) { link(agency, html("p", "", null, panel)); }
    const facts = html("dl", "facts", null, panel);
    agency.facts.forEach(function (fact) {
      const pair = html("div", "", null, facts);
      html("dt", "", fact[0], pair);
      html("dd", "", fact[1], pair);
    });
    const box = html("div", "list", null, panel), table = html("table", "", null, box);
    table.setAttribute("aria-label", "Campuses");
    const head = html("tr", "", null, html("thead", "", null, table));
    ["Campus", "Students", "Officer"].forEach(function (label, place) { html("th", place ? "number" : "", label, head).scope = "col"; });
    const lines = html("tbody", "", null, table);
    agency.dots.slice().sort(function (one, two) {
      return RANKS.indexOf(one.state) - RANKS.indexOf(two.state) || two.students - one.students;
    }).forEach(function (dot) {
      const made = row(lines, dot.name, dot.state);
      html("td", "number", number(dot.students), made.line);
      html("td", "number", dot.officers.join("+"), made.line);
      made.button.addEventListener("click", function () { tell(dot, made.button); });
    });
    arrows(lines).first();
    return title;
  }

  function fit() {
    const edge = chosen ? 36 : 6;
    map.fitBounds(chosen && chosen.bounds || state.bounds, { animate: false, padding: [edge, edge], maxZoom: CLOSEST });
  }

  /* The part of the address after # says what is looked at, so that the browser's own Back works. */
  function anchor(agency) { return agency ? "#agency=" + encodeURIComponent(agency.id) : "#all"; }

  function go(agency) { location.hash = anchor(agency); show(true); }

  function wanted() {
    return state.agencies.find(function (agency) { return anchor(agency) === location.hash || "#agency=" + agency.id === decoded(location.hash); }) || null;
  }

  function decoded(text) {
    try { return decodeURIComponent(text); } catch (error) { return text; }
  }

  function show(hasFocus) {
    const agency = wanted(), before = chosen;
    if (agency === before) { return; }
    close();
    chosen = agency;
    finder.hidden = Boolean(agency);
    panel.hidden = !agency;
    const title = agency ? describe(agency) : null;
    fit();
    redraw();
    if (!hasFocus) { return; }
    (title || (before.row.hidden ? find : before.button)).focus({ preventScroll: Boolean(title) });
  }

  window.addEventListener("hashchange", function () { show(true); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    if (close()) { event.preventDefault(); } else if (chosen) { event.preventDefault(); go(null); }
  });

  /* -- start */

  state.agencies.forEach(function (agency) {
    /* Its name stands at the campus nearest to its middle. */
    const weight = agency.dots.reduce(function (sum, dot) { return sum + dot.students + 1; }, 0);
    function mean(axis) { return agency.dots.reduce(function (sum, dot) { return sum + dot[axis] * (dot.students + 1) / weight; }, 0); }
    const middle = { x: mean("x"), y: mean("y") };
    function away(dot) { return Math.hypot(dot.x - middle.x, dot.y - middle.y); }
    agency.centre = agency.dots.reduce(function (best, dot) { return best && away(best) <= away(dot) ? best : dot; }, null);
  });

  home.setAttribute("role", "region");
  home.setAttribute("aria-label", state.label);
  L.control.scale().addTo(map);
  sro.fitButton(map, fit);
  document.querySelectorAll(".switches input").forEach(function (box) { box.disabled = false; });
  document.querySelector(".switches").addEventListener("change", function () {
    seen = sro.chosen("state");
    close();
    cluster();
    redraw();
  });
  map.on("focus", function () { map.scrollWheelZoom.enable(); });
  home.addEventListener("mouseleave", function () { map.scrollWheelZoom.disable(); map.closeTooltip(tip); });
  map.on("mousemove", hover);
  map.on("click", press);

  cluster();
  fit();
  sro.drawGround(map, state.underlay);
  sheet.addTo(map);
  search();
  show(false);
  map.on("resize", function () { if (!isPrinting) { fit(); } });

  /* On paper the map shows the whole state or agency again, and the state has its long table. */
  let folded = [];
  window.addEventListener("beforeprint", function () {
    if (isPrinting) { return; }
    isPrinting = true;
    close();
    folded = chosen ? [] : Array.from(document.querySelectorAll("details:not([open])"));
    document.documentElement.classList.add("printing");
    folded.forEach(function (part) { part.open = true; });
    map.invalidateSize({ animate: false, pan: false });
    fit();
  });
  window.addEventListener("afterprint", function () {
    document.documentElement.classList.remove("printing");
    folded.forEach(function (part) { part.open = false; });
    map.invalidateSize({ animate: false, pan: false });
    fit();
    isPrinting = false;
  });
})();

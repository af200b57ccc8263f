"use strict";
// A map to be explored, in the place of the picture the server drew. Loaded by crosslane.js when
// somebody asks for it, after Leaflet.

window.exploreMap = async (figure) => {
  const told = JSON.parse(figure.dataset.map);
  const place = document.createElement("div");
  place.className = "map-live";
  figure.querySelector("svg").replaceWith(place);
  figure.querySelector("[data-explore]")?.remove();
  const map = L.map(place, { attributionControl: Boolean(told.tiles), zoomSnap: 0.5, minZoom: 2, maxZoom: 17 });
  if (told.tiles) L.tileLayer(told.tiles, { maxZoom: 17 }).addTo(map);
  else {
    const { rings } = await (await fetch(figure.dataset.outline)).json();
    const land = rings.map((steps) => {
      let [lon, lat] = [0, 0];
      const ring = [];
      for (let n = 0; n < steps.length; n += 2) {
        lon += steps[n];
        lat += steps[n + 1];
        ring.push([lat / 100, lon / 100]);
      }
      return ring;
    });
    L.polygon(land.map((ring) => [ring]), { className: "map-land", interactive: false }).addTo(map);
  }
  const at = (pin) => [pin.lat, pin.lon];
  for (const [one, other] of told.links) {
    L.polyline([at(told.pins[one]), at(told.pins[other])], { className: "map-link", interactive: false }).addTo(map);
  }
  for (const pin of told.pins) {
    const said = document.createElement("div");
    const title = document.createElement(pin.href ? "a" : "strong");
    title.textContent = pin.title;
    if (pin.href) title.href = pin.href;
    said.append(title);
    if (pin.note) said.append(document.createElement("br"), pin.note);
    L.circleMarker(at(pin), { radius: 7, className: `pin pin-${pin.tone}` }).bindPopup(said).addTo(map);
  }
  const all = L.latLngBounds(told.pins.map(at));
  if (all.isValid()) map.fitBounds(all.pad(0.15), { maxZoom: 12 });
  else map.setView([54, -3], 5);
};

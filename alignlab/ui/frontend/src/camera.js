// Where a camera looks, in the address: `x,y,width`, centre and width of the view in units of the map's bounding box.
//
// A camera is {x, y, distance} in the units of Points (longer half of the box = 1); half the height of the view is its distance.

const DIGITS = 3;

/** "" where the whole map is shown. `box` is {x, y, width, height} in the units of Points. */
export function encodeCamera(camera, box, aspect, home) {
  if (!camera || isSameCamera(camera, home)) return "";
  const width = 2 * camera.distance * aspect;
  const parts = [(camera.x - box.x) / box.width, (camera.y - box.y) / box.height, width / box.width];
  // The centre needs as many digits as the view is narrow, else a deep zoom would miss its place.
  const decimals = Math.min(8, Math.max(DIGITS, DIGITS + Math.ceil(-Math.log10(parts[2]))));
  return [Number(parts[0].toFixed(decimals)), Number(parts[1].toFixed(decimals)), Number(parts[2].toPrecision(DIGITS))].join(",");
}

/** The camera of a code; null where the code is empty or no camera. */
export function decodeCamera(code, box, aspect) {
  const parts = (code ?? "").split(",");
  const [x, y, width] = parts.map(Number);
  if (parts.length !== 3 || parts.includes("") || ![x, y, width].every(Number.isFinite) || width <= 0) return null;
  return { x: box.x + x * box.width, y: box.y + y * box.height, distance: (width * box.width) / (2 * aspect) };
}

/** The camera that sees all of `room` ({x, y, width, height}) on a canvas of the given aspect. */
export function cameraOf(room, aspect) {
  const distance = Math.max(room.height, room.width / aspect) / 2;
  return { x: room.x + room.width / 2, y: room.y + room.height / 2, distance };
}

/** [x0, y0, x1, y1] that a camera shows. */
export function viewOf({ x, y, distance }, aspect) {
  return [x - distance * aspect, y - distance, x + distance * aspect, y + distance];
}

/** Whether two cameras show the same, to the eye. */
export function isSameCamera(a, b) {
  const near = 2e-3 * b.distance;
  return Math.abs(a.x - b.x) < near && Math.abs(a.y - b.y) < near && Math.abs(a.distance - b.distance) < near;
}

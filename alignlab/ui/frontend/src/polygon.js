// Polygons as lists of [x, y]: which points lie inside, and the same outline with fewer corners.

/** Whether [x, y] lies inside, by crossings of a ray to the right; `polygon` is flat: x0, y0, x1, y1, … */
export function isInside(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [yi, yj] = [polygon[i + 1], polygon[j + 1]];
    if (yi > y !== yj > y && x < ((polygon[j] - polygon[i]) * (y - yi)) / (yj - yi) + polygon[i]) inside = !inside;
  }
  return inside;
}

/** The polygon within the rectangle [x0, y0, x1, y1], by clipping at one side after the other. */
export function clipPolygon(points, [x0, y0, x1, y1]) {
  const sides = [
    [0, 1, x0],
    [0, -1, x1],
    [1, 1, y0],
    [1, -1, y1],
  ];
  return sides.reduce((polygon, [axis, sign, limit]) => clipSide(polygon, axis, sign, limit), points);
}

function clipSide(points, axis, sign, limit) {
  const kept = [];
  points.forEach((point, k) => {
    const before = points[(k + points.length - 1) % points.length];
    const [here, there] = [sign * (point[axis] - limit) >= 0, sign * (before[axis] - limit) >= 0];
    if (here !== there) {
      const t = (limit - before[axis]) / (point[axis] - before[axis]);
      const crossing = [before[0] + t * (point[0] - before[0]), before[1] + t * (point[1] - before[1])];
      crossing[axis] = limit;
      kept.push(crossing);
    }
    if (here) kept.push(point);
  });
  return kept;
}

/**
 * At most `limit` corners (Ramer-Douglas-Peucker): those are kept whose loss would move the outline most, and more than
 * `tolerance`. The closed outline is cut at its first corner and the one farthest from it.
 */
export function simplifyPolygon(points, limit, tolerance = 0) {
  if (points.length <= 3) return points;
  const far = farthest(points, points[0]);
  const weight = new Float64Array(points.length);
  const closed = [...points, points[0]];
  weight[0] = weight[far] = Infinity;
  weigh(closed, 0, far, Infinity, weight);
  weigh(closed, far, points.length, Infinity, weight);
  const heavy = Array.from(weight.keys()).sort((a, b) => weight[b] - weight[a] || a - b);
  const kept = heavy.slice(0, limit).filter((k, rank) => rank < 3 || weight[k] > tolerance);
  return kept.sort((a, b) => a - b).map((k) => points[k]);
}

/** Weighs each corner by its distance from the line that would replace it, never more than the corner that comes before. */
function weigh(points, first, last, ceiling, weight) {
  const stack = [[first, last, ceiling]];
  while (stack.length > 0) {
    const [from, to, most] = stack.pop();
    let [far, size] = [-1, -1];
    for (let k = from + 1; k < to; k += 1) {
      const d = distanceToSegment(points[k], points[from], points[to]);
      if (d > size) [far, size] = [k, d];
    }
    if (far < 0) continue;
    weight[far] = Math.min(size, most);
    stack.push([from, far, weight[far]], [far, to, weight[far]]);
  }
}

function farthest(points, [x, y]) {
  let [far, size] = [1, -1];
  points.forEach(([px, py], k) => {
    const d = (px - x) ** 2 + (py - y) ** 2;
    if (k > 0 && d > size) [far, size] = [k, d];
  });
  return far;
}

export function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

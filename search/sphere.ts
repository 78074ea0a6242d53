/** A place on the Earth, in degrees: latitude from -90 to 90, longitude from -180 to 180. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** What lies between two parallels and two meridians, in degrees, all of them part of it; `west` is never east of `east`. */
interface Box {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** The mean radius of the Earth in metres, by which WGS84's ellipsoid is a sphere to half a percent. */
const radius = 6_371_008.8;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const degrees = (angle: number): number => (angle * 180) / Math.PI;

/** The metres between two places along a great circle, to the millimetre. */
export function metresBetween(a: Position, b: Position): number {
  const across = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const along = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const chord = across + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * along;
  return Math.round(2_000 * radius * Math.asin(Math.min(1, Math.sqrt(chord)))) / 1_000;
}

/** As many times a box of the whole Earth is divided by four: below a hundred metres. */
const depth = 20;

/** Rounding moves a distance by less than this many metres, and a bound by less than so many degrees. */
const slack = 1;
const margin = 1e-9;

/**
 * The cell of a place: the Earth is divided by four again and again, and each digit says in which quarter it lies.
 * Cells with the same beginning lie in the same larger cell.
 */
export function cellOf({ latitude, longitude }: Position): string {
  let cell = '';
  let box = earth;
  for (let i = 0; i < depth; i += 1) {
    const east = longitude >= (box.west + box.east) / 2;
    const north = latitude >= (box.south + box.north) / 2;
    const quarter = (north ? 2 : 0) + (east ? 1 : 0);
    cell += String(quarter);
    box = quarterOf(box, quarter);
  }
  return cell;
}

const earth: Box = { south: -90, north: 90, west: -180, east: 180 };

function quarterOf({ south, north, west, east }: Box, quarter: number): Box {
  const [latitude, longitude] = [(south + north) / 2, (west + east) / 2];
  return {
    south: quarter < 2 ? south : latitude,
    north: quarter < 2 ? latitude : north,
    west: quarter % 2 === 0 ? west : longitude,
    east: quarter % 2 === 0 ? longitude : east,
  };
}

/** So many cells cover a circle, at most. */
const mostCells = 32;

/**
 * Beginnings of the cells of all places within a distance, and of some around them.
 * @param metres the distance.
 */
export function cellsAround(centre: Position, metres: number): string[] {
  const boxes = boxesAround(centre, metres);
  let cells: { readonly cell: string; readonly box: Box }[] = [{ cell: '', box: earth }];
  for (let i = 0; i < depth; i += 1) {
    const next = cells.flatMap(({ cell, box }) =>
      [0, 1, 2, 3]
        .map((quarter) => ({ cell: cell + String(quarter), box: quarterOf(box, quarter) }))
        .filter(({ box: part }) => boxes.some((each) => overlap(each, part))),
    );
    if (next.length > mostCells) break;
    cells = next;
  }
  return cells.map(({ cell }) => cell);
}

const overlap = (a: Box, b: Box): boolean =>
  a.south <= b.north && b.south <= a.north && a.west <= b.east && b.west <= a.east;

/** Boxes that hold the circle: two where it crosses the 180th meridian, all longitudes where it holds a pole. */
function boxesAround({ latitude, longitude }: Position, metres: number): Box[] {
  const angle = Math.min(Math.PI, (metres + slack) / radius);
  const south = latitude - degrees(angle) - margin;
  const north = latitude + degrees(angle) + margin;
  if (south <= -90 || north >= 90) return [{ south, north, west: -180, east: 180 }];
  const wide = degrees(Math.asin(Math.min(1, Math.sin(angle) / Math.cos(radians(latitude))))) + margin;
  const [west, east] = [longitude - wide, longitude + wide];
  if (west < -180) return [box(-180, east), box(west + 360, 180)];
  if (east > 180) return [box(west, 180), box(-180, east - 360)];
  return [box(west, east)];

  function box(from: number, to: number): Box {
    return { south, north, west: from, east: to };
  }
}

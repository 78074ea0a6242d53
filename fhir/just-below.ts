const view = new DataView(new ArrayBuffer(8));

/** The greatest double below a finite number: makes a range that ends before it one whose both ends are part of it. */
export function justBelow(value: number): number {
  if (value === 0) return -Number.MIN_VALUE;
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return view.getFloat64(0);
}

/** Versions that were written and not told, and told and not known to be written: each leaves by the other. */
export class Telling {
  readonly #written = new Set<string>();
  readonly #told = new Set<string>();
  told = 0;
  onWritten(id: string, versionId: number): void {
    const key = `${id} ${String(versionId)}`;
    if (!this.#told.delete(key)) this.#written.add(key);
  }
  onTold(id: string, versionId: string): void {
    this.told += 1;
    const key = `${id} ${versionId}`;
    if (!this.#written.delete(key)) this.#told.add(key);
  }
  get untold(): number {
    return this.#written.size;
  }
}

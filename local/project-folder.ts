import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the project, the same whether this runs from its sources or from dist/.
 * @returns the absolute path of the nearest folder upwards that holds a package.json.
 * @throws Error when there is none: the program was moved out of its folder.
 */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('This program must stay in its project folder: no package.json above it');
    folder = parent;
  }
  return folder;
}

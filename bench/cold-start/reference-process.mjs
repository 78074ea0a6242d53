// node reference-process.mjs <module.mjs>: imports the module, does its fixed work, prints the processor's time of the import and of the work in milliseconds.
import { pathToFileURL } from 'node:url';

const begun = process.cpuUsage();
const { work } = await import(pathToFileURL(process.argv[2]).href);
const took = () => {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
};
work(1);
const first = took();
work(10);
process.stdout.write(JSON.stringify({ first, warm: (took() - first) / 10 }));

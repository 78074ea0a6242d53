// node function-process.mjs <index.mjs>: one process of a Lambda function. Takes its events as a JSON array, prints what it took and answered.
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const events = JSON.parse(await text(process.stdin));
const round = (milliseconds) => Math.round(milliseconds * 10) / 10;
const resident = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
const processorSince = (then) => {
  const { user, system } = process.cpuUsage(then);
  return (user + system) / 1000;
};

const begun = performance.now();
const idle = process.cpuUsage();
const { handler } = await import(pathToFileURL(process.argv[2]).href);
const init = performance.now() - begun;
const answers = [];
for (const event of events) {
  const asked = performance.now();
  const { statusCode, body } = await handler(event, { getRemainingTimeInMillis: () => 29_000 });
  const processor = processorSince(idle);
  answers.push({
    status: statusCode,
    body,
    milliseconds: round(performance.now() - asked),
    processor,
    memory: resident(),
  });
}
process.stdout.write(JSON.stringify({ node: round(begun), init: round(init), answers }), () => process.exit());

import { type Engine, someFault } from './engine-faults.js';
import type { EngineCall, Fault } from './fault-proxy.js';
import { chanceOf } from './seed.js';

/** So many calls of an engine the weather stays as it is. */
const spell = 40;

/**
 * What goes wrong in a storm: of some calls in a row nothing, of others a few, of others again nearly all.
 * @param silent whether calls may get no answer at all.
 */
export function stormy(engine: Engine, call: EngineCall, silent = false): Fault | undefined {
  const weather = chanceOf(`weather of ${engine.name} ${call.operation}`, Math.floor(call.at / spell));
  const share = [0, 5, 20, 50, 95][weather.below(5)] ?? 0;
  const isHit = chanceOf(`hit ${engine.name} ${call.operation}`, call.at).below(100) < share;
  return isHit ? someFault(engine, call, silent) : undefined;
}

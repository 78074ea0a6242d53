/**
 * The code that runs inside every sandbox before any bundle: it takes away what APPSYNC_JS does not have, puts in what is
 * different there, and gives back the one function by which the host runs handlers. It is text because a function of the
 * host would bring the host's realm along. Only strings and numbers cross: everything else crosses as JSON text.
 *
 * `host.call(name, argumentsText)` runs a util function, `host.part(name)` gives a piece of ctx, `host.now()` the time in
 * milliseconds, `host.members(name)` names the members of a piece of ctx that may go on unread, `host.member(name, member)`
 * gives one of them as JSON and `host.string(name, member)` one that is a string, `host.replace` is String's replace with Java's patterns; all give `undefined` or text.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html
 */
export const sandboxPrelude = String.raw`(function (host, hostNames, kept, maxSteps, maxMilliseconds) {
  'use strict';
  const { parse, stringify } = JSON;
  const { freeze, defineProperty, getOwnPropertyNames } = Object;
  const { apply, ownKeys } = Reflect;
  const { Proxy, WeakMap } = globalThis;
  const ErrorType = TypeError;
  const text = (value) => (value === undefined || value === null ? null : typeof value === 'string' ? value : stringify(value));

  // What a run has beside its return value, and how it ended when not by returning.
  let ending, appended, steps, deadline;
  const end = (kind, details) => { ending = { kind, details }; throw ending; };
  const step = () => {
    steps += 1;
    if (steps > maxSteps) end('failure', { message: 'more than ' + maxSteps + ' steps' });
    if (steps % 1024 === 0 && host.now() > deadline) end('failure', { message: 'longer than ' + maxMilliseconds + ' ms' });
  };

  const errorDetails = (message, errorType, data, errorInfo) =>
    ({ message: text(message), errorType: text(errorType), data: data ?? null, errorInfo: errorInfo ?? null });
  const flow = {
    error: (message, errorType, data, errorInfo) => end('error', errorDetails(message, errorType, data, errorInfo)),
    appendError: (message, errorType, data, errorInfo) => { appended.push(errorDetails(message, errorType, data, errorInfo)); },
    unauthorized: () => end('unauthorized', {}),
  };
  const hostFunction = (name) => (...values) => {
    const result = host.call(name, stringify(values));
    return result === undefined ? undefined : parse(result);
  };
  const objects = { util: { ...flow }, extensions: {}, dynamodb: {} };
  for (const name of hostNames) {
    const [object, first, second] = name.split('.');
    const to = objects[object];
    if (second === undefined) to[first] = hostFunction(name);
    else to[first] = { ...to[first], [second]: hostFunction(name) };
  }
  for (const object of Object.values(objects)) {
    for (const name of Object.keys(object)) freeze(object[name]);
    freeze(object);
  }
  const runtime = freeze({
    earlyReturn: (value, options) => end(options?.skipTo === 'END' ? 'earlyReturnToEnd' : 'earlyReturn', value),
  });
  const log = (level) => (...values) => { host.log(level, values.map((value) => text(value) ?? '' + value).join(' ')); };
  const appsync = freeze({ ...objects, runtime, console: freeze({ log: log('log'), error: log('error'), debug: log('debug') }) });

  // Built-in objects: only what is supported stays, and it stays as it is.
  const statics = (from, names) => {
    const to = { __proto__: null };
    for (const name of names) to[name] = freeze(from[name]);
    return to;
  };
  const globals = {
    Object: statics(Object, kept.Object),
    Array: statics(Array, kept.Array),
    String: statics(String, kept.String),
    Number: statics(Number, kept.Number),
    Math: statics(Math, kept.Math),
    JSON: {
      __proto__: null,
      stringify,
      parse: (value) => {
        try { return parse(value); } catch { return ''; }
      },
    },
  };
  const onTarget = Reflect;
  const traps = ownKeys(Reflect).filter((name) => typeof Reflect[name] === 'function');
  const sort = Array.prototype.sort;
  const changed = [
    [Array.prototype, 'sort', function (compare) {
      if (compare !== undefined) throw new ErrorType('sort() does not take arguments');
      return apply(sort, this, []);
    }],
    ...['replace', 'replaceAll'].map((method) => [String.prototype, method, function (pattern, replacement) {
      return host.replace(method, '' + this, '' + pattern, '' + replacement);
    }]),
  ];
  const prototypes = [
    [Array.prototype, kept.arrayMethods],
    [String.prototype, kept.stringMethods],
    [Number.prototype, kept.numberMethods],
    [Boolean.prototype, ['toString', 'valueOf']],
    [Function.prototype, []],
    [Object.prototype, ['toString', 'valueOf']],
  ];
  for (const [prototype, methods] of prototypes) {
    for (const name of getOwnPropertyNames(prototype)) {
      // V8 watches Array.prototype.constructor for the whole process: arrays everywhere become slow when it changes.
      if (prototype === Array.prototype && name === 'constructor') continue;
      if (name === 'length' || name === 'name' || name === 'arguments' || name === 'caller') continue;
      if (!methods.includes(name)) delete prototype[name];
    }
  }
  for (const [prototype, name, value] of changed) defineProperty(prototype, name, { value, enumerable: false });
  for (const [prototype, methods] of prototypes) for (const name of methods) freeze(prototype[name]);
  for (const name of getOwnPropertyNames(globalThis)) {
    if (name !== 'NaN' && name !== 'Infinity' && name !== 'undefined' && name !== 'globalThis') delete globalThis[name];
  }
  const scope = globalThis;
  delete scope.globalThis;
  for (const name of ['Object', 'Array', 'String', 'Number', 'Math', 'JSON']) {
    defineProperty(scope, name, { value: freeze(globals[name]) });
  }

  // The host's Error.prepareStackTrace, if it has one, may not bear an error of this realm.
  const stackOf = (error) => {
    try { return '' + error.stack; } catch { return undefined; }
  };
  const part = (name) => { const value = host.part(name); return value === undefined ? undefined : parse(value); };

  // What data sources gave is mostly handed on unread: an object or a list that stands there as text is made when somebody
  // looks into it, and one that nobody looked into is handed on as that text.
  // One set of traps for all of them, which find by the target what is to be read into it.
  const unread = new WeakMap();
  const fillings = new WeakMap();
  const looking = {};
  const filled = (target) => {
    const filling = fillings.get(target);
    if (filling === undefined) return target;
    fillings.delete(target);
    unread.delete(filling.proxy);
    const values = parse(host.member(filling.part, filling.member));
    const names = ownKeys(values);
    for (let i = 0; i < names.length; i += 1) {
      if (!filling.isList || names[i] !== 'length') target[names[i]] = values[names[i]];
    }
    return target;
  };
  for (const trap of traps) looking[trap] = (target, ...values) => apply(onTarget[trap], undefined, [filled(target), ...values]);
  freeze(looking);
  const later = (part, member, isList) => {
    const target = isList ? [] : {};
    const proxy = new Proxy(target, looking);
    const filling = { part, member, isList, proxy };
    fillings.set(target, filling);
    unread.set(proxy, filling);
    return proxy;
  };
  const membersOf = (name) => {
    const told = host.members(name);
    if (told === undefined) return part(name);
    const members = parse(told);
    const object = {};
    for (let i = 0; i < members.length; i += 1) {
      const { member, kind, value } = members[i];
      // No setter is met: Object.prototype has no __proto__ here.
      object[member] = kind === 'value' ? value : kind === 'string' ? host.string(name, member) : later(name, member, kind === 'list');
    }
    return object;
  };
  const newContext = (fieldName, parentTypeName, failed, stash) => {
    let args, identity, source, headers, variables, selectionSetList, prev, result, environment;
    const info = freeze({
      fieldName,
      parentTypeName,
      get variables() { return (variables ??= part('variables')); },
      get selectionSetList() { return (selectionSetList ??= part('selectionSetList')); },
      get selectionSetGraphQL() { return host.part('selectionSetGraphQL'); },
    });
    const request = freeze({ get headers() { return (headers ??= part('headers')); }, domainName: null });
    return freeze({
      get arguments() { return (args ??= part('arguments')); },
      get args() { return (args ??= part('arguments')); },
      get identity() { return (identity ??= part('identity')); },
      get source() { return (source ??= part('source')); },
      get prev() { return (prev ??= membersOf('prev')); },
      get result() { return (result ??= membersOf('result')); },
      get env() { return (environment ??= part('env')); },
      error: failed ? part('error') : undefined,
      get stash() { return stash.read(); },
      info,
      request,
    });
  };

  return (factory, handler, fieldName, parentTypeName, failed) => {
    ending = undefined; appended = []; steps = 0; deadline = host.now() + maxMilliseconds;
    let stashed;
    const stash = { read: () => (stashed ??= part('stash')) };
    let kind = 'value', value, passed;
    const given = (returned) => {
      passed = typeof returned === 'object' && returned !== null ? unread.get(returned) : undefined;
      return passed === undefined ? stringify(returned) : undefined;
    };
    try {
      value = given(factory(appsync, step)[handler](newContext(fieldName, parentTypeName, failed, stash)));
      stashed = stashed === undefined ? undefined : stringify(stashed);
    } catch (error) {
      if (error === ending && ending !== undefined) {
        kind = ending.kind;
        try { value = given(ending.details); stashed = stashed === undefined ? undefined : stringify(stashed); }
        catch { kind = 'failure'; value = '{"message":"a value that is no JSON"}'; }
      } else {
        kind = 'failure';
        value = stringify({ message: '' + error?.name + ': ' + error?.message, stack: stackOf(error) });
      }
    }
    return [kind, value, stashed, appended.length === 0 ? undefined : stringify(appended), passed?.part, passed?.member];
  };
})`;

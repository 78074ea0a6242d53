// After the suites.
export default () => globalThis.removeTemplates?.();

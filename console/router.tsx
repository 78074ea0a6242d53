import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { Shell } from './components/Shell.js';
import { Empty, Refusal } from './components/Said.js';
import { Access } from './pages/Access.js';
import { Home } from './pages/Home.js';
import { Search } from './pages/Search.js';
import { isFhirVersion } from './fhir/version.js';

// Addresses stand behind `#`: what is searched for and whose record is open is never sent to a server that logs it.

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

/** Members of an address that are there, as texts. */
const only = <Name extends string>(
  search: Record<string, unknown>,
  ...names: readonly Name[]
): { [Each in Name]?: string } =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = text(search[name]);
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  ) as { [Each in Name]?: string };

const root = createRootRoute({
  component: () => (
    <Shell>
      <Outlet />
    </Shell>
  ),
  notFoundComponent: () => (
    <Empty icon="search" title="There is no such page">
      <p>The navigation leads to those that there are.</p>
    </Empty>
  ),
  errorComponent: ({ error }) => <Refusal error={error} />,
});
const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    redirect({ to: '/$version', params: { version: 'r4' }, throw: true });
  },
});
const version = createRoute({
  getParentRoute: () => root,
  path: '$version',
  beforeLoad: ({ params }) => {
    if (!isFhirVersion(params.version)) redirect({ to: '/', throw: true });
  },
});
const home = createRoute({ getParentRoute: () => version, path: '/', component: Home });
const access = createRoute({ getParentRoute: () => version, path: 'access', component: Access });
const newResource = createRoute({
  getParentRoute: () => version,
  path: 'new/$type',
  component: lazyRouteComponent(() => import('./pages/New.js'), 'New'),
});
const search = createRoute({
  getParentRoute: () => version,
  path: '$type',
  validateSearch: (query: Record<string, unknown>) => only(query, 'q', 'page', 'columns', 'view'),
  component: Search,
});
const resource = createRoute({
  getParentRoute: () => version,
  path: '$type/$id',
  validateSearch: (query: Record<string, unknown>) => only(query, 'tab', 'code'),
  component: lazyRouteComponent(() => import('./pages/Resource.js'), 'Resource'),
});
const rest = createRoute({
  getParentRoute: () => version,
  path: 'rest',
  validateSearch: (query: Record<string, unknown>) => only(query, 'method', 'path'),
  component: lazyRouteComponent(() => import('./pages/Rest.js'), 'Rest'),
});
const live = createRoute({
  getParentRoute: () => version,
  path: 'live',
  component: lazyRouteComponent(() => import('./pages/Live.js'), 'Live'),
});
const jobs = createRoute({
  getParentRoute: () => version,
  path: 'jobs',
  component: lazyRouteComponent(() => import('./pages/Jobs.js'), 'Jobs'),
});
const audit = createRoute({
  getParentRoute: () => version,
  path: 'audit',
  validateSearch: (query: Record<string, unknown>) =>
    only(query, 'who', 'patient', 'about', 'what', 'outcome', 'from', 'until'),
  component: lazyRouteComponent(() => import('./pages/Audit.js'), 'Audit'),
});
const graphql = createRoute({
  getParentRoute: () => version,
  path: 'graphql',
  validateSearch: (query: Record<string, unknown>) => only(query, 'surface', 'query', 'variables'),
  component: lazyRouteComponent(() => import('./pages/Graphql.js'), 'Graphql'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    index,
    version.addChildren([home, access, rest, live, jobs, audit, graphql, newResource, search, resource]),
  ]),
  history: createHashHistory(),
  defaultPreload: false,
  // Texts stay texts: `q=1` is no number here.
  parseSearch: (query) => Object.fromEntries(new URLSearchParams(query)),
  stringifySearch: (search) => {
    const query = new URLSearchParams(
      Object.entries(search).flatMap(([name, value]) => {
        const found = text(value);
        return found === undefined || found === '' ? [] : [[name, found]];
      }),
    ).toString();
    return query === '' ? '' : `?${query}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

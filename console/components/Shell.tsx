import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import {
  Button,
  Dialog,
  DialogTrigger,
  Menu,
  MenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Separator,
} from 'react-aria-components';
import icon from '../icon.svg';
import type { Permissions } from '../fhir/permissions.js';
import { type FhirVersion, versionName } from '../fhir/version.js';
import { usePermissions, useVersion } from '../session/queries.js';
import { useSession } from '../session/session.js';
import { Segments } from './fields.js';
import { Icon, type IconName } from './Icon.js';
import { Notice } from './Said.js';
import { currentTheme, showTheme, type Theme } from './theme.js';

interface Place {
  readonly to: string;
  readonly icon: IconName;
  readonly text: string;
  /** What must be open for it to be worth going there. */
  readonly needs?: (permissions: Permissions) => boolean;
}

const placesOf = (version: FhirVersion): readonly Place[] => [
  { to: `/${version}`, icon: 'home', text: 'Home' },
  { to: `/${version}/Patient`, icon: 'search', text: 'Search' },
  { to: `/${version}/graphql`, icon: 'graph', text: 'GraphQL' },
  { to: `/${version}/rest`, icon: 'request', text: 'REST' },
  { to: `/${version}/live`, icon: 'live', text: 'Live changes' },
  { to: `/${version}/jobs`, icon: 'clock', text: 'Jobs' },
  {
    to: `/${version}/audit`,
    icon: 'audit',
    text: 'Audit',
    needs: (permissions) => permissions.may('search', 'AuditEvent') !== 'no',
  },
  { to: `/${version}/access`, icon: 'shield', text: 'What I may do' },
];

function Navigation({ onNavigate }: { readonly onNavigate?: () => void }) {
  const version = useVersion();
  const { pathname } = useLocation();
  const { settings } = useSession();
  const { data: permissions } = usePermissions();
  const places = placesOf(version).filter(
    ({ needs }) => needs === undefined || (permissions !== undefined && needs(permissions)),
  );
  const others = places.slice(2).map(({ to }) => to);
  const isCurrent = ({ to, text }: Place): boolean =>
    text === 'Search'
      ? new RegExp(`^/${version}/(?:new/)?[A-Z]`).test(pathname) && !others.includes(pathname)
      : pathname === to;
  const number = settings.apis.find((api) => api.version === version)?.number ?? '';
  return (
    <div className="sidebar">
      <Link to="/$version" params={{ version }} className="brand" onClick={onNavigate}>
        <img src={icon} alt="" />
        FHIR console
      </Link>
      <nav className="nav" aria-label="Main">
        {places.map((place) => (
          <Link
            key={place.to}
            to={place.to}
            activeOptions={{ exact: true, includeSearch: false }}
            activeProps={isCurrent(place) ? { 'aria-current': 'page' } : { 'aria-current': false }}
            inactiveProps={isCurrent(place) ? { 'aria-current': 'page' } : {}}
            onClick={onNavigate}
          >
            <Icon name={place.icon} />
            {place.text}
          </Link>
        ))}
      </nav>
      <p className="sidebar-foot small soft">
        FHIR {number}
        <br />
        <a href="./start">What is where</a>
      </p>
    </div>
  );
}

function VersionSwitch() {
  const version = useVersion();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const { settings } = useSession();
  if (settings.apis.length < 2) return null;
  // A resource has its id in one version only: from there the switch leads to its type.
  const place = /^\/[a-z0-9]+(\/[^/]+)?/.exec(pathname)?.[1] ?? '';
  return (
    <Segments
      label="FHIR version"
      choices={settings.apis.map(({ version: id }) => ({ id, text: versionName(id) }))}
      value={version}
      onChange={(chosen) => {
        void navigate({ to: `/${chosen}${place === '/new' ? '' : place}` });
      }}
    />
  );
}

const themes: readonly { readonly id: Theme; readonly text: string }[] = [
  { id: 'system', text: 'As the system' },
  { id: 'light', text: 'Light' },
  { id: 'dark', text: 'Dark' },
];

function Who() {
  const session = useSession();
  const version = useVersion();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data } = usePermissions();
  const [theme, setTheme] = useState(currentTheme);
  const name = data?.username ?? 'Me';
  const act = (key: string): void => {
    if (key === 'key') session.giveKey();
    if (key === 'access') void navigate({ to: '/$version/access', params: { version } });
    if (key === 'out') {
      queries.clear();
      session.signOut();
    }
    const chosen = themes.find(({ id }) => id === key);
    if (chosen === undefined) return;
    showTheme(chosen.id);
    setTheme(chosen.id);
  };
  return (
    <MenuTrigger>
      <Button className="button quiet who">
        <span className="avatar" aria-hidden="true">
          {name.slice(0, 1).toUpperCase()}
        </span>
        <span className="hidden-visually">You: </span>
        <span className="who-name">{name}</span>
        <Icon name="chevron" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <div className="menu-head">
          <strong>{name}</strong>
          <p className="soft small">
            {session.state === 'open'
              ? 'Sign-in is off on this server'
              : data === undefined
                ? 'Who you are is not known yet'
                : data.groups.length === 0
                  ? 'In no group'
                  : data.groups.join(', ')}
          </p>
        </div>
        <Menu
          className="menu"
          aria-label="You"
          onAction={(key) => {
            act(String(key));
          }}
        >
          <MenuItem id="access" className="menu-item" textValue="What I may do">
            What I may do
          </MenuItem>
          {themes.map(({ id, text }) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={text}>
              <span>Colours: {text.toLowerCase()}</span>
              {theme === id ? <span className="soft">chosen</span> : null}
            </MenuItem>
          ))}
          <Separator />
          {session.settings.apiKey === undefined ? null : (
            <MenuItem id="key" className="menu-item" textValue="Another API key">
              Another API key
            </MenuItem>
          )}
          {session.state === 'open' ? null : (
            <MenuItem id="out" className="menu-item" textValue="Sign out">
              Sign out
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** What is around every page of somebody signed in. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const { hasEnded, signIn } = useSession();
  return (
    <div className="shell">
      <a
        className="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        To the content
      </a>
      <Navigation />
      <div style={{ minWidth: 0 }}>
        <div className="topbar">
          <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
            <Button className="button quiet icon-only open-nav" aria-label="Menu">
              <Icon name="menu" />
            </Button>
            <ModalOverlay className="overlay" isDismissable>
              <Modal className="drawer">
                <Dialog aria-label="Menu" style={{ height: '100%' }}>
                  <Navigation
                    onNavigate={() => {
                      setOpen(false);
                    }}
                  />
                </Dialog>
              </Modal>
            </ModalOverlay>
          </DialogTrigger>
          <VersionSwitch />
          <div className="row spread">
            <Who />
          </div>
        </div>
        <main className="page" id="content" tabIndex={-1} style={{ outline: 'none' }}>
          {hasEnded ? (
            <Notice kind="warn">
              <p>Your session has ended. What you see stays; sign in again to go on.</p>
              <p>
                <button type="button" className="button" onClick={signIn}>
                  Sign in again
                </button>
              </p>
            </Notice>
          ) : null}
          {children}
        </main>
      </div>
    </div>
  );
}

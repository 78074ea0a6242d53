import icon from '../icon.svg';
import { Notice } from '../components/Said.js';
import { versionName } from '../fhir/version.js';
import { useSession } from '../session/session.js';
import '../style/landing.css';

/** What somebody sees who is not signed in: what this is, where things are, and the way in. */
export function Landing() {
  const { settings, signIn } = useSession();
  const { local } = settings;
  const query = new URLSearchParams(location.search);
  const isLeft = query.has('state');
  const wanted = location.hash.replace(/^#\/?/, '').split('?')[0] ?? '';
  return (
    <main className="landing">
      <section className="landing-way">
        <div className="brand">
          <img src={icon} alt="" />
          FHIR console
        </div>
        <h1>Patients, records and every FHIR resource, in one calm place.</h1>
        <p className="landing-lead">
          Search, read and edit what this server holds, in{' '}
          {settings.apis.map(({ version }) => versionName(version)).join(' and ')}. You see what your role lets you see.
        </p>
        {isLeft ? (
          <Notice kind="warn">
            <p>The sign-in was not finished. {query.get('error_description') ?? 'Please sign in once more.'}</p>
          </Notice>
        ) : null}
        <button type="button" className="button primary landing-button" onClick={signIn}>
          Sign in
        </button>
        {wanted === '' ? null : (
          <p className="small soft">
            You will come back to <code>{wanted}</code>.
          </p>
        )}
      </section>
      <section className="landing-facts" aria-label="What is where">
        {settings.apis.map((api) => (
          <div key={api.version} className="card">
            <div className="card-head">
              <h2>FHIR {versionName(api.version)}</h2>
              <span className="chip">{api.number}</span>
            </div>
            <dl className="facts card-body">
              <dt>REST</dt>
              <dd>
                <code>{api.rest}</code>
              </dd>
              <dt>GraphQL</dt>
              <dd>
                <code>{api.graphql}</code>
              </dd>
              <dt>Abilities</dt>
              <dd>
                <a href={`${api.rest}/metadata?_pretty=true`}>
                  <code>metadata</code>
                </a>
              </dd>
            </dl>
          </div>
        ))}
        {local === undefined ? null : (
          <div className="card">
            <div className="card-head">
              <h2>On this machine</h2>
            </div>
            <div className="card-body stack">
              <p>
                A patient to look at, with a whole record: <code>npm run demo</code>
              </p>
              <dl className="facts">
                {local.users.map(({ username, description }) => (
                  <div key={username} style={{ display: 'contents' }}>
                    <dt>
                      <code>{username}</code>
                    </dt>
                    <dd>{description}</dd>
                  </div>
                ))}
              </dl>
              <p className="small soft">
                The password is in docs/sign-in.md. <a href="./start">First requests by curl</a>
              </p>
            </div>
          </div>
        )}
      </section>
    </main>
  );
}

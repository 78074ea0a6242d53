import type { UserManager } from 'oidc-client-ts';
import { useAuth } from 'react-oidc-context';
import { Link, Route, Routes } from 'react-router';
import type { Config } from './config';
import { NewPatient } from './new-patient';
import { PatientList } from './patient-list';
import { PatientPage } from './patient-page';
import { accessToken, signOut } from './sign-in';

/** The whole application: a page to sign in, or the patients. */
export function App({ config, manager }: { config: Config; manager: UserManager }) {
  const { user, isAuthenticated, isLoading, error, signinRedirect } = useAuth();
  if (isLoading) return <p className="centre soft">One moment …</p>;
  if (!isAuthenticated) {
    return (
      <main className="centre card">
        <h1>Patients</h1>
        <p className="soft">A FHIR client on AWS Amplify, with live updates.</p>
        {error && <p role="alert">{error.message}</p>}
        <button className="primary" onClick={() => void signinRedirect()}>
          Sign in
        </button>
      </main>
    );
  }
  const token = async (): Promise<string> => (await accessToken(manager)) ?? '';
  return (
    <>
      <header>
        <Link to="/" className="brand">
          Patients
        </Link>
        <span className="soft">{user?.profile.name ?? user?.profile.sub}</span>
        <button onClick={() => void signOut(manager, config.signIn.clientId)}>Sign out</button>
      </header>
      <main>
        <Routes>
          <Route path="/" element={<PatientList />} />
          <Route path="/new" element={<NewPatient />} />
          <Route path="/patients/:id" element={<PatientPage fhir={config.fhir} token={token} />} />
        </Routes>
      </main>
    </>
  );
}

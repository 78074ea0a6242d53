import { useState } from 'react';
import icon from '../icon.svg';
import { TextField } from '../components/fields.js';
import { useSession } from '../session/session.js';
import '../style/landing.css';

/** Asks for the key that this API wants beside the sign-in. */
export function ApiKey() {
  const { giveKey, signOut } = useSession();
  const [key, setKey] = useState('');
  return (
    <main className="landing">
      <form
        className="landing-way"
        onSubmit={(event) => {
          event.preventDefault();
          giveKey(key.trim());
        }}
      >
        <div className="brand">
          <img src={icon} alt="" />
          FHIR console
        </div>
        <h1>You are signed in. This API asks for a key as well.</h1>
        <p className="landing-lead">
          Whoever runs the server gives it to you. It is kept until this tab is closed, and sent to the REST API alone.
        </p>
        <TextField label="API key" type="password" required value={key} onChange={setKey} />
        <div className="row">
          <button type="submit" className="button primary landing-button" disabled={key.trim() === ''}>
            Go on
          </button>
          <button type="button" className="button quiet" onClick={signOut}>
            Sign out
          </button>
        </div>
      </form>
    </main>
  );
}

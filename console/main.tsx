import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { currentTheme, showTheme } from './components/theme.js';
import { Notice } from './components/Said.js';
import { RequestError, sentenceOf } from './fhir/outcome.js';
import { ApiKey } from './pages/ApiKey.js';
import { Landing } from './pages/Landing.js';
import { router } from './router.js';
import { SessionProvider, useSession } from './session/session.js';
import { loadSettings } from './session/settings.js';
import { createSignIn } from './session/sign-in.js';
import './style/tokens.css';
import './style/base.css';
import './style/components.css';
import './style/shell.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      // What the server refused stays refused; what did not reach it is tried again.
      retry: (failures, error) => failures < 2 && !(error instanceof RequestError && error.status > 0),
    },
  },
});

function App() {
  const { state, needsKey } = useSession();
  if (state === 'out') return <Landing />;
  if (needsKey) return <ApiKey />;
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}

async function begin(): Promise<void> {
  showTheme(currentTheme());
  const place = document.getElementById('root');
  if (place === null) throw new Error('The document has no root');
  const page = createRoot(place);
  try {
    const settings = await loadSettings();
    const signIn = settings.signIn === undefined ? undefined : createSignIn(settings.signIn);
    const first = (await signIn?.begin()) ?? null;
    page.render(
      <StrictMode>
        <SessionProvider settings={settings} signIn={signIn} first={first}>
          <App />
        </SessionProvider>
      </StrictMode>,
    );
  } catch (error) {
    page.render(
      <main className="page">
        <Notice kind="bad">
          <p>{sentenceOf(error)}</p>
        </Notice>
      </main>,
    );
  }
}

void begin();

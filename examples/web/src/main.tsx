import './style.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Amplify } from 'aws-amplify';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AuthProvider } from 'react-oidc-context';
import { HashRouter } from 'react-router';
import { App } from './app';
import { loadConfig } from './config';
import { createSignIn, tokenProvider } from './sign-in';

const config = await loadConfig();
const manager = createSignIn(config);

Amplify.configure(
  { API: { GraphQL: { endpoint: config.graphql, region: config.region, defaultAuthMode: 'userPool' } } },
  { Auth: { tokenProvider: tokenProvider(manager) } },
);

const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: Infinity } }, // changes are told: nothing is stale by age
});

/** The code has been used: it leaves the address. */
const forgetCode = (): void => window.history.replaceState({}, '', window.location.pathname);

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <AuthProvider userManager={manager} onSigninCallback={forgetCode}>
      <QueryClientProvider client={queries}>
        <HashRouter>
          <App config={config} manager={manager} />
        </HashRouter>
      </QueryClientProvider>
    </AuthProvider>
  </StrictMode>,
);

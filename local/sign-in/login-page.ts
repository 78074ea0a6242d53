import { escapeHtml, renderPage } from '../page.js';
import { localUsers } from './users.js';

/**
 * The page that asks who signs in.
 * @param action where the form goes.
 * @param asksTenant whether the tenant is asked for as well.
 * @param wrong what was wrong with the try before, plain text.
 * @returns the HTML document.
 */
export function renderLoginPage(
  action: string,
  { asksTenant, wrong }: { readonly asksTenant: boolean; readonly wrong?: string },
): string {
  const choices = localUsers.map(
    ({ username, description }, index) =>
      `<label class="choice"><input type="radio" name="username" value="${escapeHtml(username)}"${index === 0 ? ' checked' : ''}>
<span><strong>${escapeHtml(username)}</strong> <span class="soft">${escapeHtml(description)}</span></span></label>`,
  );
  return renderPage(
    'Sign in · fhir-on-appsync',
    `<main class="sheet"><h1>Sign in</h1>
<p class="soft">Local users for trying things out; the password is in docs/sign-in.md.</p>
${wrong === undefined ? '' : `<p class="warning" role="alert">${escapeHtml(wrong)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<fieldset><legend>User</legend>
${choices.join('\n')}
</fieldset>
${asksTenant ? tenantField : ''}<label class="field" for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
</form></main>`,
  );
}

const tenantField = `<label class="field" for="tenant">Tenant</label>
<input id="tenant" name="tenant" autocomplete="organization" required>
`;

/**
 * The page that says why a sign-in or a sign-out did not go on.
 * @param message plain text.
 * @returns the HTML document.
 */
export function renderSignInError(message: string): string {
  return renderPage(
    'Sign-in failed · fhir-on-appsync',
    `<main class="sheet"><h1>Sign-in failed</h1>
<p class="warning" role="alert">${escapeHtml(message)}</p>
<p>Start again from the application you came from.</p></main>`,
  );
}

/**
 * The page that asks whether to sign out.
 * @param form the form oidc-provider wants sent, as HTML, with the id `op.logoutForm`.
 * @returns the HTML document.
 */
export function renderLogoutPage(form: string): string {
  return renderPage(
    'Sign out · fhir-on-appsync',
    `<main class="sheet"><h1>Sign out?</h1>
${form}
<p><button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button></p></main>`,
  );
}

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, screenshot, type Window } from '../support/browser.js';
import { type BuiltServer, startBuiltServer } from '../support/server.js';
import { demoPatient, goTo, loadDemo, loadLarge, openConsole, seriousFindings } from './support.js';

let server: BuiltServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startBuiltServer({ AUDIT: 'on' }), openBrowser()]);
  await loadDemo(server, 'r4');
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** Puts a text into the editor of the page, in the place of what is there. */
async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: /as JSON/ }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}

const windsor = (more: object): string =>
  JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Windsor', given: ['Ada'] }], ...more }, null, 2);

describe('a practitioner', () => {
  let window: Window;
  let page: Page;
  beforeAll(async () => {
    window = await openConsole(browser, server, 'practitioner');
    page = window.page;
  });
  afterAll(() => window.close());

  test('finds a patient by name, and by conditions put together, which stand in the address', async () => {
    await page.getByRole('textbox', { name: 'Find a patient' }).fill('lemke');
    await page.keyboard.press('Enter');
    await page.getByText('1 found').waitFor();
    await page.getByRole('link', { name: /Lemke654/ }).waitFor();
    await goTo(page, '#/r4/Observation');
    await page.getByRole('combobox', { name: 'Parameter' }).fill('value-quan');
    await page.getByRole('option', { name: /^value-quantity/ }).click();
    await page.getByRole('combobox', { name: 'Comparison' }).selectOption({ label: 'after / above' });
    await page.getByRole('textbox', { name: 'Value' }).fill('120');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/q=value-quantity%3Dgt120/);
    await page.getByRole('status').filter({ hasText: 'found' }).waitFor();
    await page.getByRole('button', { name: 'Effective' }).click();
    await page.waitForURL(/_sort%3Ddate/);
    await page.getByRole('columnheader', { name: 'Effective' }).and(page.locator('[aria-sort=ascending]')).waitFor();
  });

  test('makes a patient: what is wrong is marked at its place, then it is stored', async () => {
    await goTo(page, '#/r4/new/Patient');
    await write(page, windsor({ gender: 'woman' }));
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Patient.gender' }).click();
    expect(await page.evaluate('getSelection().toString()')).toBe('"gender"');
    await page.locator('.cm-lintRange-error').getByText('"gender"').waitFor();
    await screenshot(page, 'console-wrong-light');
    await write(page, windsor({ gender: 'female' }));
    await page.getByRole('button', { name: 'Validate' }).click();
    await page.getByText('it can be saved').waitFor();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Ada Windsor' }).waitFor();
  });

  test('changes a resource that somebody else changed meanwhile: sees both, and loses neither', async () => {
    await server.send('PUT', '/r4/Patient/shared', { ...(JSON.parse(windsor({})) as object), id: 'shared' });
    await goTo(page, '#/r4/Patient/shared?tab=json');
    await page.getByText('"Windsor"').waitFor();
    await server.send('PUT', '/r4/Patient/shared', {
      ...(JSON.parse(windsor({})) as object),
      id: 'shared',
      active: true,
    });
    await write(page, windsor({ id: 'shared', birthDate: '1815-12-10' }));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Somebody else saved version 2 meanwhile').waitFor();
    await page.getByRole('textbox', { name: 'Theirs and yours' }).first().waitFor();
    await screenshot(page, 'console-conflict-light');
    expect((await server.send('GET', '/r4/Patient/shared')).json).toMatchObject({ active: true });
    await page.getByRole('button', { name: 'Go on with mine' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved as version 3').waitFor();
    expect((await server.send('GET', '/r4/Patient/shared')).json).toMatchObject({ birthDate: '1815-12-10' });
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('heading', { name: 'Version 2 and version 3' }).waitFor();
    await page.locator('.cm-changedLine, .cm-insertedLine').first().waitFor();
    await screenshot(page, 'console-versions-light');
    await page.getByRole('button', { name: 'Save version 2 again' }).click();
    await page.getByText('Version 2 was saved again').waitFor();
    expect((await server.send('GET', '/r4/Patient/shared')).json).toMatchObject({ active: true });
  });

  test('saves decimals with the digits they have', async () => {
    const body = {
      resourceType: 'Observation',
      id: 'digits',
      status: 'final',
      code: { text: 'x' },
      valueQuantity: { value: 1 },
    };
    await server.send('PUT', '/r4/Observation/digits', body);
    await goTo(page, '#/r4/Observation/digits?tab=json');
    await page.getByText('"valueQuantity"').waitFor();
    await write(page, JSON.stringify(body).replace('"value":1', '"value":1.50'));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved as version 2').waitFor();
    await page.locator('.cm-content').getByText('1.50').waitFor();
    await page.getByRole('link', { name: 'Details' }).click();
    await page.getByText('1.50').waitFor();
  });

  test('deletes a resource when asked twice, and still sees its history', async () => {
    await server.send('PUT', '/r4/Patient/gone', { resourceType: 'Patient', id: 'gone', name: [{ family: 'Gone' }] });
    await goTo(page, '#/r4/Patient/gone?tab=json');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Patient', exact: true }).waitFor();
    await goTo(page, '#/r4/Patient/gone');
    await page.getByText('This was deleted').waitFor();
    await page.getByRole('cell', { name: 'deleted' }).waitFor();
  });

  test('sends an edit as a patch of either form, made of what was changed', async () => {
    const before = JSON.parse(windsor({ id: 'patched', birthDate: '1815-12-10' })) as Record<string, unknown>;
    await server.send('PUT', '/r4/Patient/patched', before);
    await goTo(page, '#/r4/Patient/patched?tab=json');
    await page.getByText('"1815-12-10"').waitFor();
    await page.getByRole('button', { name: 'Patch', exact: true }).click();
    await write(page, windsor({ id: 'patched', birthDate: '1815-12-11' }));
    const patch = page.getByRole('textbox', { name: 'The patch' });
    await patch.getByText('"/birthDate"').waitFor();
    await page.getByRole('button', { name: 'FHIRPath Patch' }).click();
    await patch.getByText('"Patient.birthDate"').waitFor();
    await screenshot(page, 'console-patch-light');
    await page.getByRole('button', { name: 'Send the patch' }).click();
    await page.getByText('Saved as version 2').waitFor();
    expect((await server.send('GET', '/r4/Patient/patched')).json).toMatchObject({ birthDate: '1815-12-11' });
    expect((await server.send('GET', '/r4/Patient/patched/_history')).json).toMatchObject({
      entry: [{ request: { method: 'PATCH' } }, {}],
    });
  });

  test('builds a query of GraphQL by ticking, runs it, finds it again, and it stands in the address', async () => {
    await goTo(page, '#/r4/graphql');
    const side = page.getByRole('region', { name: 'What can be asked' });
    await side.getByRole('button', { name: 'query', exact: true }).click();
    await side.getByRole('textbox', { name: 'Find a field of Query' }).fill('PatientList');
    await side.getByRole('checkbox', { name: 'PatientList', exact: true }).check();
    await side.getByRole('textbox', { name: 'Find a field of Patient' }).fill('birthDate');
    await side.getByRole('checkbox', { name: 'birthDate', exact: true }).check();
    await side.getByRole('combobox', { name: 'Add an argument to PatientList' }).selectOption('name');
    await side.getByRole('textbox', { name: 'name of PatientList' }).fill('lemke');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Query' }).getByText('"lemke"').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('textbox', { name: 'Answer' }).getByText('"birthDate"').waitFor();
    await page.waitForURL(/query=.*lemke/);
    await screenshot(page, 'console-graphql-answer-light');
    await side.getByRole('button', { name: 'So far' }).click();
    await side.getByText('PatientList(name: "lemke")').waitFor();
  });

  test('reads the docs of $graphql, and asks it, without introspection', async () => {
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.postData() ?? ''));
    await page.getByRole('button', { name: '$graphql' }).click();
    const side = page.getByRole('region', { name: 'What can be asked' });
    await side.getByRole('button', { name: 'Docs' }).click();
    await side.getByRole('textbox', { name: 'Find a type' }).fill('HumanName');
    await side.getByRole('button', { name: 'HumanName', exact: true }).click();
    await side.getByText('family', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Examples' }).selectOption('A table, flat');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('textbox', { name: 'Answer' }).getByText('"family"').waitFor();
    expect(asked.filter((body) => body.includes('__schema'))).toEqual([]);
  });

  test('follows a subscription: each event appears in the moment it is committed', async () => {
    await page.getByRole('button', { name: 'AppSync API' }).click();
    await page.getByRole('combobox', { name: 'Examples' }).selectOption('Follow all changes');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('subscribed').waitFor();
    await server.send('PUT', '/r4/Patient/followed', { resourceType: 'Patient', id: 'followed' });
    await page
      .getByRole('textbox', { name: /^Event / })
      .getByText('"followed"')
      .first()
      .waitFor();
    await screenshot(page, 'console-subscription-light');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Nothing was asked yet').waitFor();
  });

  test('asks by REST as the Postman collection does, and a bundle tells of each entry', async () => {
    await goTo(page, '#/r4/rest');
    await page.getByRole('combobox', { name: 'Examples' }).selectOption('Batch');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('row', { name: /GET Patient\/nobody 404/ }).waitFor();
    await page.getByText('1 of 2 entries were done').waitFor();
    await screenshot(page, 'console-rest-answer-light');
    // Chromium complains of each refusal of the tests before.
    expect(window.complaints.filter((each) => !each.startsWith('Failed to load resource'))).toEqual([]);
  });

  test('finds patients by what refers to them, built from suggestions', async () => {
    await goTo(page, '#/r4/Patient');
    const parameter = page.getByRole('combobox', { name: 'Parameter' });
    await parameter.fill('_has:Observation:pat');
    await page.getByRole('option', { name: /^_has:Observation:patient:/ }).click();
    await parameter.fill('_has:Observation:patient:code');
    await page.getByRole('option', { name: /^_has:Observation:patient:code\s*token/ }).click();
    await page.getByRole('textbox', { name: 'Value' }).fill('8302-2');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('1 found').waitFor();
    await page.waitForURL(/_has%3AObservation%3Apatient%3Acode%3D8302-2/);
  });

  test('exports, follows the job and downloads a file of it', async () => {
    await goTo(page, '#/r4/jobs');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByRole('button', { name: 'All patients' }).click();
    await page.getByRole('combobox', { name: 'Types' }).fill('Immuniz');
    await page.getByRole('option', { name: 'Immunization', exact: true }).click();
    await page.getByRole('button', { name: 'Begin the export' }).click();
    await page.getByText('complete', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Files' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Download Immunization-/ }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n');
    expect(new Set(lines.map((line) => (JSON.parse(line) as { resourceType: string }).resourceType))).toEqual(
      new Set(['Immunization']),
    );
    await screenshot(page, 'console-jobs-light');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('There are no jobs').waitFor();
  });

  test('follows references in the graph of a resource', async () => {
    await goTo(page, `#/r4/Patient/${demoPatient}?tab=graph`);
    const graph = page.getByRole('region', { name: 'Graph of references' });
    await graph
      .getByRole('link', { name: /^Well child visit/ })
      .first()
      .click();
    await page.waitForURL(/Encounter\/[^?]+\?tab=graph/);
    await graph.getByText('Subject', { exact: true }).waitFor();
    await graph.getByRole('link', { name: /Lemke654/ }).waitFor();
  });

  test('sees changes in the moment they are made', async () => {
    await goTo(page, '#/r4/live');
    await page.getByText('listening').waitFor();
    await server.send('PUT', '/r4/Patient/live-one', { resourceType: 'Patient', id: 'live-one' });
    await page.getByRole('link', { name: 'live-one' }).waitFor();
    await goTo(page, '#/r4');
    const last = page.locator('.last-changes');
    await last.getByRole('link').nth(1).waitFor();
    // Asked again every half a minute in any case; this must not take so long.
    await server.send('PUT', '/r4/Patient/live-two', {
      resourceType: 'Patient',
      id: 'live-two',
      name: [{ text: 'Just now' }],
    });
    await last.getByRole('link', { name: 'Just now' }).waitFor();
  });

  test('opens a record of 3,000 resources: only what is on the screen is in the page', async () => {
    await loadLarge(server);
    await goTo(page, '#/r4/Patient/large?tab=timeline');
    await page.getByRole('button', { name: 'All 3,000' }).waitFor();
    expect(await page.getByRole('listitem').count()).toBeLessThan(150);
    await page.getByRole('link', { name: 'Charts' }).click();
    await page.getByRole('button', { name: 'All 3,000 values' }).waitFor();
    await screenshot(page, 'console-large-light');
  });
});

describe('what others see', () => {
  test('a patient sees their own record, and may change nothing', async () => {
    const { page, ...window } = await openConsole(browser, server, 'patient');
    await page.getByRole('link', { name: /^Patient 1$/ }).click();
    await page.getByRole('link', { name: /Lemke654/ }).click();
    await page.getByRole('link', { name: 'JSON', exact: true }).click();
    await page.getByText('you may only read it').waitFor();
    expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
    await goTo(page, '#/r4/access');
    await page.getByText(`only what belongs to Patient/${demoPatient}`).waitFor();
    await screenshot(page, 'console-access-patient-light');
    await goTo(page, '#/r4/Patient/shared');
    await page.getByText('This is not here, or not for you to see').waitFor();
    await window.close();
  });

  test('an auditor sees who is there, not what they have; the refusal says why', async () => {
    const { page, ...window } = await openConsole(browser, server, 'auditor', { at: `#/r4/Patient/${demoPatient}` });
    await page.getByText('may not search AllergyIntolerance').first().waitFor();
    await screenshot(page, 'console-overview-auditor-light');
    await window.close();
  });

  test('an auditor sees who did what, and why something was refused', async () => {
    const { page, ...window } = await openConsole(browser, server, 'auditor', { at: '#/r4/audit' });
    await page.getByRole('link', { name: 'Audit' }).waitFor();
    await page.getByRole('button', { name: 'Refusals' }).click();
    const row = page.getByRole('row', { name: /auditor.*searched AllergyIntolerance/ }).first();
    await row.getByText('403 auditor (auditor) may not search AllergyIntolerance').waitFor();
    await screenshot(page, 'console-audit-refusals-light');
    await page.getByRole('textbox', { name: 'Who', exact: true }).fill('practitioner');
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('done');
    await page.getByRole('textbox', { name: 'Whose record' }).fill('shared');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page
      .getByRole('row', { name: /practitioner.*changed/ })
      .first()
      .waitFor();
    await page.waitForURL(/patient=shared/);
    await window.close();
  });

  test('an operator sees no resources, and what they may do', async () => {
    const { page, ...window } = await openConsole(browser, server, 'operator');
    await page.getByText('Your role sees no resources').waitFor();
    await page.getByText('up to date').waitFor();
    await goTo(page, '#/r4/access');
    await page.getByText('batch, reindex').waitFor();
    await window.close();
  });
});

describe('the session', () => {
  test('is renewed without a word when the token counts no more, and is all that is kept', async () => {
    const { page, ...window } = await openConsole(browser, server, 'practitioner');
    await page.getByText('People and places').waitFor();
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    const kept = await page.evaluate<string[]>('Object.keys(sessionStorage)');
    expect(kept.filter((key) => key !== 'theme' && !key.startsWith('oidc.'))).toEqual([]);
    await page.evaluate(`{
      const key = Object.keys(sessionStorage).find((each) => each.startsWith('oidc.user:'));
      const user = JSON.parse(sessionStorage.getItem(key));
      sessionStorage.setItem(key, JSON.stringify({ ...user, access_token: 'no.longer.counts' }));
    }`);
    await page.reload();
    await page.getByText('People and places').waitFor();
    await window.close();
  });

  test('ends by signing out, and the tokens with it', async () => {
    const { page, ...window } = await openConsole(browser, server, 'practitioner');
    await page.getByRole('button', { name: /^You:/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('oidc.user'))")).toEqual([]);
    await window.close();
  });

  test('ends at Cognito by its own parameters, where the settings name its logout', async () => {
    const { page, ...window } = await openConsole(browser, server, 'practitioner');
    const settings = (await (await page.request.get(`${server.url}/console.json`)).json()) as { signIn: object };
    const signIn = { ...settings.signIn, logout: `${server.url}/cognito/logout` };
    await page.route('**/console.json', (route) => route.fulfill({ json: { ...settings, signIn } }));
    let left: URL | undefined;
    await page.route('**/cognito/logout?*', (route) => {
      left = new URL(route.request().url());
      return route.fulfill({ contentType: 'text/html', body: '<p>signed out</p>' });
    });
    await page.reload();
    await page.getByRole('button', { name: /^You:/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByText('signed out').waitFor();
    expect(left?.searchParams.get('client_id')).toBe('fhir-on-appsync-console');
    expect(left?.searchParams.get('logout_uri')).toBe(`${server.url}/`);
    await window.close();
  });

  test('has a key of the API where the settings say that REST asks for one, and sends it there', async () => {
    const { page, ...window } = await openConsole(browser, server, 'practitioner');
    const settings = (await (await page.request.get(`${server.url}/console.json`)).json()) as object;
    await page.route('**/console.json', (route) => route.fulfill({ json: { ...settings, apiKey: 'ask' } }));
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (/\/r4\/(metadata|\$permissions)$/.test(request.url())) keys.push(request.headers()['x-api-key']);
    });
    await page.reload();
    await page.getByRole('heading', { name: /asks for a key/ }).waitFor();
    expect(keys).toEqual([]);
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, 'console-key-light');
    await page.getByLabel('API key').fill('a key');
    await page.keyboard.press('Enter');
    await page.getByText('People and places').waitFor();
    expect(new Set(keys)).toEqual(new Set(['a key']));
    await page.getByRole('button', { name: /^You:/ }).click();
    await page.getByRole('menuitem', { name: 'Another API key' }).click();
    await page.getByRole('heading', { name: /asks for a key/ }).waitFor();
    await window.close();
  });

  test('has a menu that the keyboard opens and goes through', async () => {
    const { page, ...window } = await openConsole(browser, server, 'practitioner');
    await page.getByText('People and places').waitFor();
    await page.getByRole('button', { name: /^You:/ }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What I may do' }).waitFor();
    await window.close();
  });
});

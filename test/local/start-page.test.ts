import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { pageHeaders } from '../../local/page.js';
import { renderStartPage } from '../../local/start-page.js';

const values = { baseUrl: 'https://host.example/fhir', auth: 'on', versions: ['r4', 'stu3'] } as const;

describe('the start page', () => {
  test('says where each version is, by the URL the server is known by', () => {
    const html = renderStartPage(values);
    for (const version of values.versions) {
      for (const path of ['', '/graphql', '/metadata']) {
        expect(html).toContain(`<code>https://host.example/fhir/${version}${path}</code>`);
      }
    }
    expect(html).not.toContain('127.0.0.1');
  });

  test('says how to get a token, unless sign-in is off, which it warns of', () => {
    const on = renderStartPage(values);
    expect(on).toContain('npm run -s token -- practitioner');
    expect(on).toContain('/sign-in/.well-known/openid-configuration');
    const off = renderStartPage({ ...values, auth: 'off' });
    expect(off).not.toContain('Bearer');
    expect(off).not.toContain('/sign-in');
    expect(off).toContain('Sign-in is off');
  });

  test('has no script, and its style is the one its headers let in', () => {
    const html = renderStartPage(values);
    expect(html).not.toMatch(/<script|\son\w+=|javascript:/);
    const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(pageHeaders()['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}'`);
  });

  test('shows a URL as text, whatever is in it', () => {
    const html = renderStartPage({ ...values, baseUrl: 'http://x/"><b>&' });
    expect(html).not.toContain('<b>');
    expect(html).toContain('http://x/&quot;&gt;&lt;b&gt;&amp;');
  });
});

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { securityHeaders } from '../rest/security-headers.js';
import { projectFolder } from './project-folder.js';

let style: { readonly text: string; readonly hash: string } | undefined;

const styleSheet = (): NonNullable<typeof style> => {
  if (style === undefined) {
    const text = readFileSync(join(projectFolder(), 'console', 'page.css'), 'utf8');
    style = { text, hash: createHash('sha256').update(text).digest('base64') };
  }
  return style;
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text as HTML shows it, in elements and in quoted attributes.
 * @param text any text.
 * @returns the text with `& < > " '` as entities.
 */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/**
 * A page of the embedded server: no script, the style inside, so that it depends on no other address.
 * @param title plain text.
 * @param body HTML.
 * @returns the document.
 */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${styleSheet().text}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/**
 * The headers such a page goes out with: nothing may run or load in it but its own style.
 * @returns headers by name.
 */
export function pageHeaders(): Record<string, string> {
  return {
    ...securityHeaders,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleSheet().hash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`,
  };
}

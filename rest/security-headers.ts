import type { RequestHandler } from 'express';

/** Answers hold health data: kept by no cache, run as nothing, framed nowhere. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const headers = Object.entries(securityHeaders);

/** Sets them before whoever answers, who may say others. */
export const withSecurityHeaders: RequestHandler = (_request, response, next) => {
  // Not by Express's set(), which looks into each of them, at every request.
  for (const [name, value] of headers) response.setHeader(name, value);
  next();
};

/** For a year browsers ask this host by TLS alone. Of other hosts below its name it says nothing. */
export const strictTransport: Readonly<Record<string, string>> = { 'Strict-Transport-Security': 'max-age=31536000' };

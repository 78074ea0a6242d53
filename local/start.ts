// What `npm start` runs. Libraries read NODE_ENV when they are loaded: graphql checks less at each step in production.
process.env['NODE_ENV'] ??= 'production';
await import('./main.js');

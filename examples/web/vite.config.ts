import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './', // the built files may be served at any path
  plugins: [react()],
  build: { chunkSizeWarningLimit: 1000 },
});

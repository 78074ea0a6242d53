# The embedded server (`npm start`) in an image: docs and ports in INSTALL.md.
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:22.21.1-bookworm-slim
LABEL org.opencontainers.image.title="fhir-on-appsync" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    PUBLIC_URL=http://127.0.0.1:3000 \
    DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/schema schema
COPY --from=build /app/console/page.css console/page.css
COPY --from=build /app/demo demo
COPY package.json LICENSE NOTICE ./
RUN mkdir /data && chown 1000:1000 /data
# The user `node` of the image.
USER 1000:1000
VOLUME /data
EXPOSE 3000
# A start on a slow machine reads its definitions for some seconds first.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

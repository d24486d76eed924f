FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The image brings its own Node.js: of the development tools only the bundler is needed here.
RUN npm ci --ignore-scripts
COPY build ./build
COPY src ./src
RUN npm run build

FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json proxy.yaml proxy.schema.json ./
COPY bin ./bin
# The user node, by number: Kubernetes (runAsNonRoot) does not look up names.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BEARERWAY_ADMIN_PORT || 9090}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-sigusr1", "bin/bearerway.js"]
CMD ["run"]

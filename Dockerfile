# syntax=docker/dockerfile:1
# The service, the gateway and the command line in one image:
#   docker run … offswitch                                        the service
#   docker run … offswitch dist/src/cli/offswitch.js <command>    everything else

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are the embedded PostgreSQL; a container has a real one beside it.
RUN npm ci --omit=dev --omit=optional

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY migrations migrations
COPY src src
RUN npx nest build

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8420
WORKDIR /app
# Only a gateway keeps something: its last lease, and the key that docker-compose.yml puts here.
ENV OFFSWITCH_HOME=/var/lib/offswitch
RUN install --directory --owner=node --group=node --mode=700 /var/lib/offswitch
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY runtime/compose runtime/compose
COPY --from=build /app/dist dist
USER node
EXPOSE 8420
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "runtime/compose/is-ready.mjs"]
ENTRYPOINT ["node"]
CMD ["dist/src/main.js"]

# The image of the webhook. A release publishes it; manifests/README.md tells how to build it and hand it to a cluster.
#
# The base is pinned by tag, to the Node that the project is tested with. For a supply chain that needs more, pin
# it by digest: --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:... From a mirror: its name there, and the
# mirror's npm registry in NPM_REGISTRY. Only `npm ci` asks for anything from the network.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# Compiles, on the platform that builds: what comes out is the same for all. The compiler and everything else in
# devDependencies stays in this stage.
FROM --platform=${BUILDPLATFORM} ${NODE_IMAGE} AS build
ARG NPM_REGISTRY
# A mirror's certificate may be signed by an authority that only the base image's own list has.
ENV NODE_USE_SYSTEM_CA=1
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts ${NPM_REGISTRY:+--registry="${NPM_REGISTRY}"}
COPY tsconfig.json tsconfig.build.json esbuild.config.js declarations.config.js ./
COPY src ./src
RUN npm run build

# Installs what the compiled code needs at run time, without any package's install script. None of it is machine
# code, so that this too is the same for all platforms.
FROM --platform=${BUILDPLATFORM} ${NODE_IMAGE} AS production
ARG NPM_REGISTRY
ENV NODE_USE_SYSTEM_CA=1
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY release/runtime-only.sh /usr/local/bin/
RUN npm ci --omit=dev --ignore-scripts ${NPM_REGISTRY:+--registry="${NPM_REGISTRY}"} \
 && runtime-only.sh node_modules \
 && rm -f .npmrc package-lock.json

FROM ${NODE_IMAGE}
# Nothing is installed at run time, so no package manager has to be there.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
WORKDIR /app
COPY --from=production /app ./
COPY --from=build /src/dist/cli ./dist/cli
COPY --from=build /src/dist/LICENSES.txt ./dist/
COPY LICENSE ./

# Only a server runs here: it compiles once, and its root file system is read-only.
ENV NODE_ENV=production \
    NODE_DISABLE_COMPILE_CACHE=1

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
ARG NODE_IMAGE
LABEL org.opencontainers.image.title="attachguard" \
      org.opencontainers.image.description="Stops Kubernetes Multi-Attach errors before they happen" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}" \
      org.opencontainers.image.vendor="attachguard" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"

# A number, so that the kubelet can tell that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 8443 8080
# Half of the container's memory limit for the heap, whatever the limit is; docs/operations.md, "Sizing", has the rest.
ENTRYPOINT ["node", "--max-old-space-size-percentage=50", "/app/dist/cli/main.js"]
CMD ["serve"]

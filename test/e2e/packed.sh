#!/usr/bin/env bash
# Installs the packed tarball into an empty folder and runs it with the given Node, by absolute path.
#
#   test/e2e/packed.sh /absolute/path/to/node attachguard-0.1.0.tgz
set -euo pipefail

node="$1"
tarball="$(realpath "$2")"
case "$node" in
  /*) ;;
  *) echo "give the absolute path of node, not $node" >&2; exit 2 ;;
esac

folder="$(mktemp -d)"
server=""
finish() {
  if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

cd "$folder"
npm init --yes > /dev/null
npm install --ignore-scripts --no-audit --no-fund "$tarball" > npm.log 2>&1 || { cat npm.log >&2; exit 1; }
attachguard() { "$node" node_modules/attachguard/dist/cli/main.js "$@"; }
examples=node_modules/attachguard/manifests/examples

echo "node $("$node" --version), attachguard $(attachguard --version)"

status=0
attachguard check "$examples/logger-rolling-update" > check.txt || status=$?
grep -F 'rwo-rolling-update' check.txt > /dev/null
[ "$status" = 1 ] || { echo "check ended with $status, not 1" >&2; exit 1; }
attachguard check --format json "$examples/logger-recreate" > /dev/null
echo "check: ok"

mkdir certs
attachguard certs > /dev/null
"$node" node_modules/attachguard/dist/cli/main.js serve --cluster "$examples/logger-rolling-update" \
  --host 127.0.0.1 --port 0 --metrics-port 0 > serve.log 2>&1 &
server=$!
url=""
for _ in $(seq 100); do
  url="$(sed -nE 's/.*"url":"(https:[^"]+)".*"msg":"listening".*/\1/p' serve.log | head -1)"
  if [ -n "$url" ]; then break; fi
  kill -0 "$server" 2> /dev/null || break
  sleep 0.1
done
[ -n "$url" ] || { cat serve.log >&2; exit 1; }
for _ in $(seq 100); do
  if curl --silent --fail --cacert certs/ca.crt "$url/readyz" > /dev/null; then break; fi
  sleep 0.1
done
curl --silent --show-error --fail --cacert certs/ca.crt "$url/readyz" > /dev/null

cat > review.json << 'REVIEW'
{
  "apiVersion": "admission.k8s.io/v1",
  "kind": "AdmissionReview",
  "request": {
    "uid": "5a0f1a2e-0000-4000-8000-000000000001",
    "kind": { "group": "autoscaling", "version": "v1", "kind": "Scale" },
    "resource": { "group": "apps", "version": "v1", "resource": "deployments" },
    "subResource": "scale",
    "name": "logger",
    "namespace": "logger-rolling-update",
    "operation": "UPDATE",
    "userInfo": { "username": "somebody" },
    "object": {
      "apiVersion": "autoscaling/v1",
      "kind": "Scale",
      "metadata": { "name": "logger", "namespace": "logger-rolling-update" },
      "spec": { "replicas": 3 }
    },
    "oldObject": {
      "apiVersion": "autoscaling/v1",
      "kind": "Scale",
      "metadata": { "name": "logger", "namespace": "logger-rolling-update" },
      "spec": { "replicas": 1 }
    },
    "dryRun": false
  }
}
REVIEW
curl --silent --show-error --fail --cacert certs/ca.crt -H 'content-type: application/json' \
  --data-binary @review.json "$url/validate?timeout=3s" > answer.json
grep -F '"allowed":false' answer.json > /dev/null || { cat answer.json >&2; exit 1; }
grep -F 'rwo-replicas' answer.json > /dev/null
echo "serve: ok"

kill -TERM "$server"
wait "$server" || { echo "serve ended with $? after SIGTERM" >&2; exit 1; }
server=""
echo "shutdown: ok"

#!/usr/bin/env bash
# What action.yml runs. Its inputs come in the environment, one variable each, so that none of them is ever a script.
set -euo pipefail

if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 12) ? 0 : 1)'; then
  echo "::error title=attachguard::Node.js 20.12 or newer is needed; put a step with actions/setup-node and node-version: 24 before this one"
  exit 2
fi

words=(--format github)
[[ -z "${ATTACHGUARD_BASE:-}" ]] || words+=("--base=$ATTACHGUARD_BASE")
[[ -z "${ATTACHGUARD_FAIL_ON:-}" ]] || words+=("--fail-on=$ATTACHGUARD_FAIL_ON")
[[ -z "${ATTACHGUARD_CONFIG:-}" ]] || words+=("--config=$ATTACHGUARD_CONFIG")
[[ -z "${ATTACHGUARD_BASELINE:-}" ]] || words+=("--baseline=$ATTACHGUARD_BASELINE")
[[ -z "${ATTACHGUARD_RENDER:-}" ]] || words+=("--render=$ATTACHGUARD_RENDER")
[[ -z "${ATTACHGUARD_SARIF_FILE:-}" ]] || words+=("--format=sarif=$ATTACHGUARD_SARIF_FILE")

paths=()
while IFS= read -r path; do
  [[ -z "$path" ]] || paths+=("$path")
done <<< "${ATTACHGUARD_PATHS:-}"
[[ ${#paths[@]} -gt 0 || -e attachguard.yaml ]] || paths=(.)

# The bash of macOS (3.2) takes an empty array for an unset variable.
exec node "$(dirname "${BASH_SOURCE[0]}")/../dist/check.js" "${words[@]}" -- ${paths[@]+"${paths[@]}"}

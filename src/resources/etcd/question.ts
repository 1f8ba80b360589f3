import { quote, quoteAll } from '../../shell/quote.ts'

/** The client certificate of a control plane node for an external etcd, and the CA that it trusts: paths on the host. */
export interface EtcdClientFiles {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

// One key below /registry/, without its value, as this member itself has it: etcd's JSON gateway, bytes in base64.
const question = JSON.stringify({
  key: Buffer.from('/registry/').toString('base64'),
  range_end: Buffer.from('/registry0').toString('base64'),
  limit: '1',
  keys_only: true,
  serializable: true,
})

/**
 * Shell function `ask KEY ENDPOINT`: prints `KEY=ENDPOINT <answer>`, or `silent=ENDPOINT: <why>`. It sets `$silence`, an
 * exit code, to 0 as soon as etcd has answered once. Where the host cannot ask at all, the script ends with a line
 * `unasked=<why>`. It takes at most 5 s for each endpoint.
 */
export function askEtcd({ caFile, certFile, keyFile }: EtcdClientFiles): string {
  const files = `--cacert ${quote(caFile)} --cert ${quote(certFile)} --key ${quote(keyFile)}`
  return `silence=1
unasked() { echo "unasked=$1"; exit "$silence"; }
command -v curl >/dev/null || unasked 'curl is not installed'
for file in ${quoteAll([caFile, certFile, keyFile])}; do [ -s "$file" ] || unasked "$file is not there"; done
ask() {
  if said=$(curl -q --silent --show-error --fail --connect-timeout 2 --max-time 5 ${files} --data ${quote(question)} "$2/v3/kv/range" 2>&1); then
    case $said in *'"cluster_id":'*) silence=0 ;; esac
    printf '%s=%s %s\\n' "$1" "$2" "$(printf '%s' "$said" | tr -d '\\n')"
  else
    printf 'silent=%s: %s\\n' "$2" "$(printf '%s' "$said" | tr '\\n' ' ' | cut -c 1-300)"
  fi
}
`
}

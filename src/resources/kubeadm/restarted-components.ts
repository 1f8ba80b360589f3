import type { ProbeResult } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { linesOf, stateFolder } from '../support/index.ts'
import { processFunction } from './own-process.ts'

/**
 * The components that read their certificate only when they start, because it is in a kubeconfig. The API server and etcd
 * read files, and take up what they say: the API server watches them (DynamicCertKeyPairContent in k8s.io/apiserver), its
 * clients of kubelets and etcd, and etcd itself, read them for each new connection (client-go transport, and
 * client/pkg/transport of etcd).
 */
const components: readonly string[] = ['kube-controller-manager', 'kube-scheduler']

/** The healthz of each on its own host: kubeadm's ports. */
const health = new Map([
  ['kube-controller-manager', 'https://127.0.0.1:10257/healthz'],
  ['kube-scheduler', 'https://127.0.0.1:10259/healthz'],
])

/** A file with a line for each process that may still have the former certificate: component, process and its start. */
export const formerCertificates = `${stateFolder}/former-certificates`

// A process is known by its number and its start, in ticks since the boot, the 22nd field of /proc/PID/stat.
const functions = `${processFunction}start_of() {
  read -r fields 2>/dev/null </proc/"$1"/stat || return 0
  set -- \${fields##*) }
  printf '%s\\n' "\${20}"
}
`

/** Lines of sh that come right before new certificates get to their places: they record the processes that have the former ones. */
export const recordProcesses = `${functions}for component in ${components.join(' ')}; do
  process=$(process_of "$component")
  if [ -n "$process" ]; then printf '%s %s %s\\n' "$component" "$process" "$(start_of "$process")"; fi
done >${formerCertificates}.new
${syncLine(`${formerCertificates}.new`)}
mv -fT ${formerCertificates}.new ${formerCertificates}
${syncLine(stateFolder)}
`

const readRecord = `if [ -s ${formerCertificates} ]; then
  while read -r component process start; do
    [ -z "$start" ] || [ "$(start_of "$process")" != "$start" ] || echo "former=$component"
  done <${formerCertificates}
fi
`

/** Probe lines: `former=<component>` for each component that runs with a certificate from before a renewal. */
export const printFormer = `${functions}${readRecord}`

/** Parses the output of printFormer. */
export function formerIn(raw: ProbeResult): readonly string[] {
  const printed = linesOf(raw, 'former')
  return components.filter(component => printed.includes(component))
}

/**
 * A script that starts components again that have a former certificate, one after the other. The kubelet starts a container
 * that has ended again at once. The script fails when one is not healthy within four minutes.
 */
export const restartFormer = `${functions}former=$(${readRecord.trimEnd()})
for component in ${components.join(' ')}; do
  case $former in *"former=$component"*) ;; *) continue ;; esac
  echo "starting $component again with its new certificate"
  case $component in
${[...health].map(([component, url]) => `    ${component}) url=${url} ;;`).join('\n')}
  esac
  before=$(process_of "$component")
  # It may have ended by itself in this moment.
  if [ -n "$before" ]; then kill "$before" || :; fi
  end=$(( $(date +%s) + 240 ))
  until now=$(process_of "$component") && [ -n "$now" ] && [ "$now" != "$before" ] &&
    curl -q --silent --insecure --fail --max-time 5 --output /dev/null "$url"; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$component does not come up with its new certificate" >&2
      exit 1
    fi
    sleep 0.5
  done
done
`

import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { Change, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { caHashesOf } from '../pki/index.ts'
import { linesOf } from '../support/index.ts'
import { lacksCross, printRenewable, type RenewableCertificate, renewableIn } from './certificate-files.ts'
import { apiAnswers } from './change-steps.ts'
import { serverOf } from './configuration.ts'
import { explainKubeadm } from './failure.ts'
import { finishRenewal, renewCertificatesScript, renewedMark } from './renewed-certificates.ts'
import { formerIn, printFormer, restartFormer } from './restarted-components.ts'
import { rotationFiles } from './rotated-ca.ts'
import { completeServing } from './rotation-folder.ts'
import { hasApiServer, manifestFolder } from './static-pods.ts'
import { kubeadmUnfinished } from './unfinished.ts'

/** The kind of the resource of a node's certificates. */
export const nodeCertificatesKind = 'kubeadm certificates'

export interface NodeCertificatesParameters {
  /** File on the host with the kubeadm documents. It must exist before. */
  readonly configuration: string
  readonly advertiseAddress: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  /** Certificates are renewed when one of them has fewer days left. */
  readonly renewDays: number
  /**
   * The CA that has to have signed all certificates of the cluster's own CA, PEM: those of another one are signed again, while one CA
   * replaces another. Default: either will do.
   */
  readonly signedBy?: Output<string>
}

export interface NodeCertificatesDesired {
  readonly signedBy?: string
}

export interface NodeCertificatesState {
  /** False until the host is a control plane node. */
  readonly joined: boolean
  readonly certificates: readonly RenewableCertificate[]
  /** Whether the cross certificate of the last rotation of the CA is missing behind the API server's certificate. */
  readonly lacksCross: boolean
  /** Whether a renewal was cut off, with the new files complete and not all in their places. */
  readonly cutOff: boolean
  /** Components that run with a certificate from before a renewal. */
  readonly former: readonly string[]
  /** The host's own clock, ms. */
  readonly now: number
}

const servingCertificate = '/etc/kubernetes/pki/apiserver.crt'

const day = 24 * 3_600_000

/**
 * The certificates of a control plane node that kubeadm makes, in kubeconfigs too. When one of them is about to expire, all
 * are renewed, since they are of the same age. API server and etcd serve on meanwhile, and take the new ones up from their
 * files; the controller manager and the scheduler start again, one after the other.
 */
export function nodeCertificates(
  parameters: NodeCertificatesParameters,
): Resource<NodeCertificatesState, NodeCertificatesDesired> {
  const { renewDays, signedBy } = parameters
  return {
    kind: nodeCertificatesKind,
    // What a rotation asks for is no wish of the file, so it is on record under a name of its own.
    name: signedBy === undefined ? 'node' : 'by the new CA',
    title: 'certificates',
    probe: { script: probeScript, parse: parseState },
    volatile: ['now'],
    // The limit is no wish for the host: evcctl check would take another one for a change of the file.
    desired: signedBy === undefined ? {} : { signedBy },
    diff(current, desired): Change | undefined {
      if (!current.joined) return undefined
      const renewed = dueOf(current, renewDays, desired)
      const isOld = (one: RenewableCertificate) => isNear(one, current.now, renewDays)
      const fields = [
        ...renewed.map(one =>
          renewed.some(isOld)
            ? { field: one.path, before: left(one.validTo, current.now), after: 'renewed' }
            : { field: one.path, before: 'signed by the former CA', after: 'signed by the new CA' },
        ),
        ...(current.cutOff
          ? [{ field: 'renewed certificates', before: 'not all in their places', after: 'in their places' }]
          : []),
        ...(current.lacksCross && !renewed.some(({ name }) => name === 'apiserver')
          ? [
              {
                field: servingCertificate,
                before: 'without the cross certificate',
                after: 'with the cross certificate',
              },
            ]
          : []),
        ...current.former.map(field => ({ field, before: 'runs with its former certificate', after: 'started again' })),
      ]
      if (fields.length === 0) return undefined
      const note = 'the controller manager and the scheduler of this node start again, one after the other'
      return { action: 'update', fields, ...(renewed.length === 0 ? {} : { note }) }
    },
    converge(current, desired): readonly Step[] {
      const names = dueOf(current, renewDays, desired).map(({ name }) => name)
      const renew = names.length > 0 ? renewCertificatesScript(quote(parameters.configuration), names) : finishRenewal
      const server = serverOf(parameters)
      return [
        { run: renew, timeoutMs: 120_000 },
        ...(current.lacksCross ? [{ run: completeServing }] : []),
        apiAnswers(server),
        { run: restartFormer, timeoutMs: 600_000 },
        {
          until: { script: servesScript(server, renewDays), parse: raw => raw.exitCode === 0 },
          what: 'API server and etcd have taken up the new certificates',
          everyMs: 1000,
          timeoutMs: 180_000,
        },
        ...(desired.signedBy === undefined ? [] : [showsByNext(server)]),
      ]
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step),
  }
}

const probeScript = `if ${hasApiServer} && ! { ${kubeadmUnfinished}; }; then
  echo joined=yes
  echo "now=$(date +%s)"
  if [ -e ${renewedMark} ]; then echo cutOff=yes; fi
  ${printRenewable.trimEnd().replaceAll('\n', '\n  ')}
  ${printFormer.trimEnd().replaceAll('\n', '\n  ')}
fi
`

function parseState(raw: ProbeResult): NodeCertificatesState {
  return {
    joined: linesOf(raw, 'joined').length > 0,
    certificates: renewableIn(raw),
    lacksCross: lacksCross(raw),
    cutOff: linesOf(raw, 'cutOff').length > 0,
    former: formerIn(raw),
    now: Number(linesOf(raw, 'now')[0]) * 1000,
  }
}

/** The certificates that are renewed: all of them when one is about to expire, or those that another CA has to sign. */
function dueOf(
  { certificates, now }: NodeCertificatesState,
  renewDays: number,
  { signedBy }: { readonly signedBy?: string | Unknown },
): readonly RenewableCertificate[] {
  if (certificates.some(one => isNear(one, now, renewDays))) return certificates
  if (signedBy === undefined) return []
  const [wanted] = isUnknown(signedBy) ? [] : caHashesOf(signedBy)
  return certificates.filter(({ ofCluster, signer }) => ofCluster && signer !== wanted)
}

// Clients that trust the next CA alone accept the API server, and those that trust the former one alone still do, by the cross certificate.
function showsByNext(server: string): Step {
  const script = `for ca in ${rotationFiles.nextCertificate} ${rotationFiles.formerCertificate}; do
  curl -q --silent --noproxy '*' --max-time 5 --output /dev/null --cacert "$ca" ${quote(`${server}/livez`)} || exit 1
done
`
  return {
    until: { script, parse: raw => raw.exitCode === 0 },
    what: 'the API server shows a certificate that whoever trusts the new CA alone, or the former one alone, accepts',
    everyMs: 1000,
    timeoutMs: 180_000,
  }
}

// A certificate that lives as long as its CA cannot be given a longer life.
function isNear({ validTo, caValidTo }: RenewableCertificate, now: number, renewDays: number): boolean {
  return validTo - now < renewDays * day && validTo < caValidTo - day
}

function left(validTo: number, now: number): string {
  if (validTo <= now) return 'expired'
  const days = Math.floor((validTo - now) / day)
  return `${days} ${days === 1 ? 'day' : 'days'} left`
}

const etcdFiles = ['--cacert ca.crt', '--cert healthcheck-client.crt', '--key healthcheck-client.key']
  .map(one => one.replace(' ', ' /etc/kubernetes/pki/etcd/'))
  .join(' ')

// Each way to build curl writes the date in another way, and GNU date reads them all. A curl that tells no date proves
// only that there is an answer.
function servesScript(server: string, renewDays: number): string {
  return `serves() {
  words=$(curl -q --silent --show-error --verbose --max-time 5 --output /dev/null "$@" 2>&1) || return 1
  until=$(printf '%s\\n' "$words" | sed -n 's/^\\*[[:space:]]*expire date: *//p' | head -n 1)
  [ -z "$until" ] || [ $(( $(date -d "$until" +%s) - $(date +%s) )) -ge ${Math.floor((renewDays * day) / 1000)} ]
}
serves --cacert /etc/kubernetes/pki/ca.crt ${quote(`${server}/livez`)} || exit 1
if [ -s ${manifestFolder}/etcd.yaml ]; then serves ${etcdFiles} https://127.0.0.1:2379/health; fi
`
}

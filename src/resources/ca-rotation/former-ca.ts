import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, Output } from '../../core/output.ts'
import type { Change, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { printCertificates, readCertificates } from '../../facts/index.ts'
import { syncLine } from '../../shell/on-disk.ts'
import {
  changeMarks,
  kubeletCaMark,
  newRotationFolder,
  type RotationCertificates,
  renewedMark,
  rotationFiles,
  rotationFolder,
} from '../kubeadm/index.ts'
import { kubeletClientPath } from '../kubelet/index.ts'
import { isSignedBy } from '../pki/index.ts'
import { linesOf, refuse } from '../support/index.ts'
import { printKubeletMark } from './restarted-kubelet.ts'

/** A certificate that lies on a host. */
export interface CertificateOnHost {
  readonly path: string
  /** PEM. */
  readonly pem: string
}

/** What a node shows to others, as it is handed on. */
export interface CertificatesOnHost {
  readonly certificates: readonly CertificateOnHost[]
  /** Whether its kubelet may run with files from before a change that was cut off. */
  readonly formerKubelet: boolean
  /** Whether a renewal was cut off, with complete files that whatever changes the node next moves to their places. */
  readonly pendingRenewal: boolean
}

/** Reads the certificates of a host, for formerCaUnused(), and changes nothing. `files`: patterns of sh. */
export function certificatesOnHost(
  files: readonly string[],
): Resource<CertificatesOnHost, Record<never, never>, CertificatesOnHost> {
  return {
    kind: 'certificates',
    name: 'of the host',
    title: 'certificates of the host',
    probe: { script: `${printCertificates(files)}${printKubeletMark}${printPending}`, parse: parseFound },
    desired: {},
    diff: () => undefined,
    converge: () => [],
    output: found => found,
  }
}

const printPending = `if [ -e ${renewedMark} ] || [ -e ${changeMarks['API server certificate']} ]; then echo renewal=pending; fi
`

function parseFound(raw: ProbeResult): CertificatesOnHost {
  const found = readCertificates(raw.stdout.split('\n'))
  return {
    certificates: found.map(({ path, certificate }) => ({ path, pem: certificate.toString() })),
    formerKubelet: linesOf(raw, 'kubelet').length > 0,
    pendingRenewal: linesOf(raw, 'renewal').length > 0,
  }
}

export interface FormerCaUnusedDesired {
  readonly certificates: RotationCertificates
  readonly found: readonly CertificatesOnHost[]
}

const filesShown = 5

/**
 * Nothing on any node is signed by the former CA of a rotation, all of them trust the next one, and each kubelet runs with a certificate by
 * it. It writes nothing, and is refused as long as that is not so. `nodes`: what certificatesOnHost() has found, by the name of the node.
 * `begun`: whether some node trusts the former CA no more, so that all kubelets were found to run with the new one before.
 */
export function formerCaUnused(
  certificates: Output<RotationCertificates>,
  nodes: ReadonlyMap<string, Output<CertificatesOnHost>>,
  begun: boolean,
): Resource<undefined, FormerCaUnusedDesired> {
  const names = [...nodes.keys()]
  return {
    kind: 'CA rotation',
    name: 'use of the former CA',
    title: 'use of the former CA',
    probe: { script: ':', parse: () => undefined },
    desired: { certificates, found: Output.all([...nodes.values()]) },
    diff(_current, desired): Change | undefined {
      const { certificates: known, found } = desired
      if (isUnknown(known) || isUnknown(found)) return undefined
      const refused = stillNeeded(known, names, found, begun)
      return refused === undefined ? undefined : refuse(refused)
    },
    converge: () => [{ run: 'echo "this is refused" >&2\nexit 1\n' }],
  }
}

function stillNeeded(
  certificates: RotationCertificates,
  names: readonly string[],
  found: readonly CertificatesOnHost[],
  begun: boolean,
): ErrorDetails | undefined {
  const former = new X509Certificate(certificates.former)
  const next = new X509Certificate(certificates.next)
  const without = (has: (own: CertificatesOnHost) => boolean) => names.filter((_, at) => !has(found[at]!))
  // Its files were made while both CAs were trusted. They would get to their places behind what is checked here.
  const pending = without(own => !own.pendingRenewal)
  if (pending.length > 0)
    return {
      where: pending.join(', '),
      problem:
        'A renewal of certificates was cut off on this node, and its files may trust the former CA, or be signed by it.',
      expected: 'all renewed certificates in their places',
      actual: 'not all in their places',
      next: 'Finish it: evcctl apply',
    }
  const uses = found.flatMap((own, at) =>
    own.certificates.flatMap(({ path, pem }) => (isBy(pem, former) ? [{ node: names[at]!, path }] : [])),
  )
  if (uses.length > 0) return inUse(uses)
  const step = 'evcctl certs rotate-ca'
  const trusts = (own: CertificatesOnHost, { fingerprint256 }: X509Certificate) =>
    own.certificates.some(
      ({ path, pem }) => path.endsWith('/pki/ca.crt') && new X509Certificate(pem).fingerprint256 === fingerprint256,
    )
  const [distrusting, unsigned, running] = [
    without(own => trusts(own, next)),
    without(own => own.certificates.some(({ path, pem }) => path === kubeletClientPath && isBy(pem, next))),
    // The second step leaves such a mark as well, when it is cut off between the files of a node and its kubelet.
    begun ? [] : without(own => !own.formerKubelet || !trusts(own, former)),
  ]
  if (distrusting.length > 0)
    return {
      where: distrusting.join(', '),
      problem: 'This node does not trust the new CA yet.',
      expected: 'the new CA in /etc/kubernetes/pki/ca.crt',
      actual: 'others',
      next: step,
    }
  if (unsigned.length > 0)
    return {
      where: unsigned.join(', '),
      problem: 'The kubelet of this node has no client certificate by the new CA.',
      expected: `a certificate by the new CA in ${kubeletClientPath}`,
      actual: 'none there, or one of somebody else',
      next: step,
    }
  if (running.length === 0) return undefined
  return {
    where: running.join(', '),
    problem: 'The kubelet of this node may still run with its former certificate: the step before was cut off there.',
    expected: 'a kubelet that was started again, and whose node is Ready',
    actual: `${kubeletCaMark} is there`,
    next: step,
  }
}

function isBy(pem: string, ca: X509Certificate): boolean {
  const certificate = new X509Certificate(pem)
  return !certificate.ca && isSignedBy(certificate, ca)
}

function inUse(uses: readonly { readonly node: string; readonly path: string }[]): ErrorDetails {
  const rest = uses.length - filesShown
  const serving = uses.some(({ path }) => path.includes('kubelet-server'))
  return {
    problem: 'The former CA has signed what is still in use. Without that CA it would be refused everywhere.',
    expected: 'only certificates of the new CA',
    actual: [
      ...uses.slice(0, filesShown).map(({ node, path }) => `${path} on ${node}`),
      ...(rest > 0 ? [`and ${rest} more`] : []),
    ].join('\n'),
    next: serving
      ? 'A kubelet asks for another serving certificate when it starts without: remove kubelet-server-current.pem, restart it, and have the request approved (kubectl get csr).'
      : 'Have them signed by the new CA: evcctl certs rotate-ca. What it does not renew is a file that somebody else has made: replace it, or remove it if nothing uses it.',
  }
}

/** The files of a rotation that are left. */
export interface LeftOfRotationState {
  readonly left: readonly string[]
}

type Part = 'formerKey' | 'nextKey' | 'trust' | 'signing' | 'formerCertificate'

/**
 * Files of a rotation that nothing reads any more are gone. The next CA and the cross certificate stay: they are put behind the API server's
 * certificate whenever it is renewed. `name`: unique on the host.
 */
export function rotationFilesGone(
  name: string,
  parts: readonly Part[],
): Resource<LeftOfRotationState, { readonly parts: readonly string[] }> {
  // A run that was killed may have left the folder in which the files are made, with keys.
  const paths = [...parts.map(part => rotationFiles[part]), newRotationFolder]
  return {
    kind: 'CA rotation',
    name,
    title: name,
    probe: {
      script: `for file in ${paths.join(' ')}; do if [ -e "$file" ]; then echo "left=$file"; fi; done\n`,
      parse: raw => ({ left: linesOf(raw, 'left') }),
    },
    desired: { parts },
    diff({ left }): Change | undefined {
      if (left.length === 0) return undefined
      return { action: 'delete', fields: left.map(field => ({ field, before: 'there', after: 'removed' })) }
    },
    converge: (): readonly Step[] => [{ run: `rm -rf ${paths.join(' ')}\n${syncLine(rotationFolder)}\n` }],
  }
}

import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, Output } from '../../core/output.ts'
import type { Change, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { printCertificates, readCertificates } from '../../facts/index.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { type RotationCertificates, rotationFiles, rotationFolder } from '../kubeadm/index.ts'
import { isSignedBy } from '../pki/index.ts'
import { linesOf, refuse } from '../support/index.ts'

/** A certificate that lies on a host. */
export interface CertificateOnHost {
  readonly path: string
  /** PEM. */
  readonly pem: string
}

/** The certificates of a host, as they are handed on. */
export interface CertificatesOnHostState {
  readonly certificates: readonly CertificateOnHost[]
}

/** Reads the certificates of a host, for formerCaUnused(), and changes nothing. `files`: patterns of sh. */
export function certificatesOnHost(
  files: readonly string[],
): Resource<CertificatesOnHostState, Record<never, never>, readonly CertificateOnHost[]> {
  return {
    kind: 'certificates',
    name: 'of the host',
    title: 'certificates of the host',
    probe: { script: printCertificates(files), parse: parseFound },
    desired: {},
    diff: () => undefined,
    converge: () => [],
    output: ({ certificates }) => certificates,
  }
}

function parseFound(raw: ProbeResult): CertificatesOnHostState {
  const found = readCertificates(raw.stdout.split('\n'))
  return { certificates: found.map(({ path, certificate }) => ({ path, pem: certificate.toString() })) }
}

export interface FormerCaUnusedDesired {
  readonly certificates: RotationCertificates
  readonly found: readonly (readonly CertificateOnHost[])[]
}

const filesShown = 5

/**
 * Nothing on any node is signed by the former CA of a rotation, and all of them trust the next one. It writes nothing, and is refused as
 * long as that is not so. `nodes`: what certificatesOnHost() has found, by the name of the node.
 */
export function formerCaUnused(
  certificates: Output<RotationCertificates>,
  nodes: ReadonlyMap<string, Output<readonly CertificateOnHost[]>>,
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
      const [former, next] = [known.former, known.next].map(pem => new X509Certificate(pem)) as [
        X509Certificate,
        X509Certificate,
      ]
      const uses = found.flatMap((own, at) =>
        own.flatMap(({ path, pem }) => (isBy(pem, former) ? [{ node: names[at]!, path }] : [])),
      )
      if (uses.length > 0) return refuse(inUse(uses))
      const isNext = ({ path, pem }: CertificateOnHost) =>
        path.endsWith('/pki/ca.crt') && new X509Certificate(pem).fingerprint256 === next.fingerprint256
      const without = names.filter((_, at) => !found[at]!.some(isNext))
      if (without.length === 0) return undefined
      return refuse({
        where: without.join(', '),
        problem: 'This node does not trust the new CA yet.',
        expected: 'the new CA in /etc/kubernetes/pki/ca.crt',
        actual: 'others',
        next: 'evcctl certs rotate-ca',
      })
    },
    converge: () => [{ run: 'echo "this is refused" >&2\nexit 1\n' }],
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
  const paths = parts.map(part => rotationFiles[part])
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
    converge: (): readonly Step[] => [{ run: `rm -f ${paths.join(' ')}\n${syncLine(rotationFolder)}\n` }],
  }
}

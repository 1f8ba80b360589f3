import type { FieldChange, Resource } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { decodeFile, linesOf, pemToHandOn, printFile } from '../support/index.ts'
import { makeKeyLines } from './make-key.ts'

export interface CertificateRequestParameters {
  /** Absolute path of the folder; it has to exist, accessible to root only. */
  readonly folder: string
  /** `<name>.key` and `<name>.csr` are created. */
  readonly name: string
  readonly commonName: string
}

export interface CertificateRequestState {
  /** PEM with a first line that names its purpose; empty when there is no request. */
  readonly request: string
  /** Whether the request is for the key beside it. */
  readonly key: 'missing' | 'another' | 'its own' | 'not known'
}

/**
 * A private key, created on the host that uses it, and the request to sign it. The key never leaves the host, and neither
 * does its hash. The signer decides what the certificate is valid for.
 */
export function certificateRequest(
  parameters: CertificateRequestParameters,
): Resource<CertificateRequestState, { readonly commonName: string }, { readonly request: string }> {
  const { folder, name, commonName } = parameters
  const at = `${folder}/${name}`
  const heading = `# CN=${commonName}`
  return {
    kind: 'key and request',
    name: at,
    probe: {
      script: `${printFile('request', `${at}.csr`)}if [ ! -s ${at}.key ]; then echo key=missing
elif ! command -v openssl >/dev/null || [ ! -s ${at}.csr ]; then echo 'key=not known'
elif [ "$(openssl pkey -in ${at}.key -pubout 2>/dev/null)" = "$(openssl req -in ${at}.csr -noout -pubkey 2>/dev/null)" ]; then echo 'key=its own'
else echo key=another; fi
`,
      parse: raw => ({
        request: decodeFile(linesOf(raw, 'request')[0]),
        key: (linesOf(raw, 'key')[0] ?? 'not known') as CertificateRequestState['key'],
      }),
    },
    desired: { commonName },
    diff({ request, key }) {
      const [first = ''] = request.split('\n')
      if (request === '') return { action: 'create', fields: [{ field: 'name', after: commonName }] }
      const fields: FieldChange[] = []
      if (first !== heading) fields.push({ field: 'name', before: first.replace('# CN=', ''), after: commonName })
      if (key === 'missing') fields.push({ field: 'key', before: 'missing', after: 'made again' })
      if (key === 'another') fields.push({ field: 'request', before: 'for another key', after: 'for this key' })
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge: () => [{ run: makeScript(at, commonName, heading), timeoutMs: 60_000 }],
    output(current) {
      const request = pemToHandOn(current.request, 'CERTIFICATE REQUEST')
      return request === undefined ? undefined : { request }
    },
  }
}

function makeScript(at: string, commonName: string, heading: string): string {
  return `${makeKeyLines(at)}{ printf '%s\\n' ${quote(heading)}; openssl req -new -key ${at}.key -sha256 -subj ${quote(`/CN=${commonName}`)}; } >${at}.csr.next
${syncLine(`${at}.csr.next`)}
mv -fT ${at}.csr.next ${at}.csr
${syncLine(`"$(dirname ${at}.csr)"`)}
`
}

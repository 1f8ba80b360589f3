import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, Resource, Step } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { quote } from '../../shell/quote.ts'
import { type ApiState, againFunction, answerFor, apiPath, askApi, kubectl, notAnswered } from '../api/index.ts'
import { kubeadmApi } from '../kubeadm/index.ts'
import { hasSameCertificates } from '../pki/index.ts'

/** A ConfigMap in which the cluster tells others its CAs. */
export interface ToldPlace {
  readonly namespace: string
  readonly name: string
  readonly key: string
  /** How the CAs stand there: as PEM, or in a kubeconfig. */
  readonly is: 'pem' | 'kubeconfig'
}

/** Whom hosts that join are to trust. kubeadm writes it when it makes the cluster, and never again. */
export const clusterInfo: ToldPlace = {
  namespace: 'kube-public',
  name: 'cluster-info',
  key: 'kubeconfig',
  is: 'kubeconfig',
}

/**
 * By whom aggregated APIs know their clients. API servers add their CAs to it, and leave what is there until it expires
 * (k8s.io/kubernetes, pkg/controlplane/controller/clusterauthenticationtrust).
 */
export const aggregatedApis: ToldPlace = {
  namespace: 'kube-system',
  name: 'extension-apiserver-authentication',
  key: 'client-ca-file',
  is: 'pem',
}

/** The text of the ConfigMap; undefined: there is none. */
export type ToldCaState = ApiState<{ readonly text: string | undefined }>

/**
 * The CAs of the cluster in a ConfigMap, and no others. Where there is no such ConfigMap, none is made. `words`: those CAs in words, for the
 * plan.
 */
export function toldCa(
  place: ToldPlace,
  trusted: Output<readonly string[]>,
  words: string,
): Resource<ToldCaState, { readonly trusted: readonly string[] }> {
  const { namespace, name, key } = place
  const path = apiPath({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } })
  return {
    kind: 'CA in a ConfigMap',
    name: `${namespace}/${name}`,
    probe: surveyProbe({
      asks: [askApi(kubeadmApi, [path])],
      parse(raw): ToldCaState {
        const answer = answerFor(raw, path)
        if (answer.api !== 'answered') return answer
        const { data } = (answer.object ?? {}) as { readonly data?: Readonly<Record<string, unknown>> }
        const text = data?.[key]
        return { api: 'answered', text: typeof text === 'string' ? text : undefined }
      },
    }),
    desired: { trusted },
    diff(current, desired): Change | undefined {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current)
      const { text } = current
      if (text === undefined) return undefined
      if (!isUnknown(desired.trusted) && text === withCas(place, text, desired.trusted)) return undefined
      return { action: 'update', fields: [{ field: key, before: 'other CAs', after: words }] }
    },
    converge(current, desired): readonly Step[] {
      if (current.api !== 'answered' || current.text === undefined)
        return [{ run: `echo 'the API server does not answer' >&2\nexit 1\n` }]
      const patch = { data: { [key]: withCas(place, current.text, desired.trusted) } }
      return [
        {
          run: `${againFunction}again ${kubectl(kubeadmApi)} --namespace ${namespace} patch configmap ${name} --type merge -p ${quote(JSON.stringify(patch))}\n`,
          timeoutMs: 60_000,
        },
      ]
    },
  }
}

/** The text of a ConfigMap with these CAs in it; what has them already stays as it is. */
function withCas({ is }: ToldPlace, text: string, trusted: readonly string[]): string {
  const pem = trusted.map(one => `${one.trimEnd()}\n`).join('')
  if (is === 'pem') return hasSameCertificates(text, pem) ? text : pem
  return text.replaceAll(/^( *certificate-authority-data: *)(\S*)$/gm, (line, before: string, data: string) =>
    hasSameCertificates(Buffer.from(data, 'base64').toString(), pem)
      ? line
      : `${before}${Buffer.from(pem).toString('base64')}`,
  )
}

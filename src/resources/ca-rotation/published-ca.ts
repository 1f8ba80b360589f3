import { askingProbeMs } from '../../core/limits.ts'
import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, Resource, Step } from '../../core/resource.ts'
import { type Answer, kubectl, notAnswered, parseAnswer } from '../api/index.ts'
import { kubeadmApi, printText } from '../kubeadm/index.ts'
import { hasSameCertificates } from '../pki/index.ts'

/** How long the controller manager may take to write the ConfigMaps of all namespaces, s. */
const publishingSeconds = 180

/** The ConfigMap with the CAs that pods of a namespace trust. Each namespace has one. */
const name = 'kube-root-ca.crt'

const texts = `${kubectl(kubeadmApi)} get configmaps --all-namespaces --field-selector metadata.name=${name} -o go-template='{{range .items}}{{printf "%q" (index .data "ca.crt")}}{{"\\n"}}{{end}}' </dev/null`

// A line for each different text, with the number of namespaces that have it: most clusters have one line, however many namespaces.
const probeScript = `if [ ! -s ${kubeadmApi.adminConf} ] || ${kubeadmApi.unfinished}; then echo api=absent; exit 0; fi
if texts=$(timeout 12 ${texts}); then
  echo api=answered
  printf '%s\\n' "$texts" | sort | uniq -c
else echo api=unreachable; fi
`

/**
 * All namespaces have these CAs for their pods. The controller manager writes them when it starts, one that was started before may
 * write its own once more; this waits for it. Pods are given the new text within two minutes, and read it when they like.
 * `words`: the CAs in words, for the plan.
 */
export function publishedCa(
  trusted: Output<readonly string[]>,
  words: string,
): Resource<Answer, { readonly trusted: readonly string[] }> {
  return {
    kind: 'published CA',
    name,
    title: `${name} of all namespaces`,
    probe: { script: probeScript, timeoutMs: askingProbeMs, parse: parseAnswer },
    desired: { trusted },
    diff(current, desired): Change | undefined {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current)
      const wanted = isUnknown(desired.trusted) ? undefined : desired.trusted.join('\n')
      const others = textsIn(current.text).filter(
        ({ text }) => wanted === undefined || !hasSameCertificates(text, wanted),
      )
      const number = others.reduce((sum, { namespaces }) => sum + namespaces, 0)
      if (number === 0) return undefined
      const before = `${number} ${number === 1 ? 'namespace has' : 'namespaces have'} others`
      return {
        action: 'run',
        fields: [{ field: 'ca.crt', before, after: words }],
        note: 'the controller manager writes it',
      }
    },
    converge: (_current, desired): readonly Step[] => [
      { run: waitScript(desired.trusted), timeoutMs: (publishingSeconds + 60) * 1000 },
    ],
    explain: ({ stderr, stdout }) => ({
      problem: 'Not all namespaces have the CAs that their pods are to trust.',
      actual: stderr.trim() || stdout.trim(),
      next: 'See why: kubectl --namespace kube-system logs --selector component=kube-controller-manager',
    }),
  }
}

function textsIn(answer: string): readonly { readonly namespaces: number; readonly text: string }[] {
  return answer.split('\n').flatMap(line => {
    const [, number, text] = /^ *(\d{1,9}) "(.*)"$/.exec(line) ?? []
    return number === undefined ? [] : [{ namespaces: Number(number), text: (text ?? '').replaceAll('\\n', '\n') }]
  })
}

// A namespace is compared by the lines of its text, in whichever order the CAs are.
function waitScript(trusted: readonly string[]): string {
  const lines = trusted.map(pem => pem.trimEnd()).join('\n')
  return `wanted=$(${printText(`${lines}\n`)} | sort)
others=all end=$(( $(date +%s) + ${publishingSeconds} ))
while :; do
  if texts=$(${texts}); then
    others=$(printf '%s\\n' "$texts" | sort | uniq -c | sed 's/^ *\\([0-9]*\\) "\\(.*\\)"$/\\1 \\2/' | while read -r times text; do
      [ "$(printf '%b' "$text" | grep . | sort)" = "$wanted" ] || echo "$times"
    done)
    if [ -z "$others" ]; then break; fi
  fi
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "namespaces with other CAs: $(printf '%s ' $others)" >&2
    exit 1
  fi
  echo 'waiting until the controller manager has written the CAs of all namespaces'
  sleep 1
done
`
}
